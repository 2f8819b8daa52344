"""What this machine's manual says of command lines; nothing is run to find out."""
