"""A stand-in for the daemon as a process: real enough to be started, asked, stopped and killed."""
