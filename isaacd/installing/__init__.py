"""Plugins installed and removed, in a process that the client runs: pip, a staging folder, and a receipt at the end."""
