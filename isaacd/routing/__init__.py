"""What a typed line should become: a command of Isaac, a question, a line for the shell, or a suggestion."""
