"""Names and flags of Unix, PowerShell and cmd, each said in the words of the others."""
