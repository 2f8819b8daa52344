"""The commands that `isaacctl` can answer by itself, as far as help and suggestions must know them."""

LOCAL_COMMANDS = (
    ("start", "Start the daemon, if it is not running."),
    ("stop", "Stop the daemon."),
    ("restart", "Stop the daemon and start it again."),
    ("status", "Say whether the daemon runs, and how it does."),
    ("service", "Have systemd run the daemon."),
    ("logs", "Show the daemon's log."),
    ("top", "Watch the daemon at work."),
    ("doctor", "Look for what is wrong on this machine, and say how to mend it."),
    ("bug-report", "Put together what helps to find a fault, fit to be shown."),
    ("backup", "Keep everything you own in one file."),
    ("restore", "Bring a backup back."),
    ("export", "Write everything you own as plain JSON."),
    ("import", "Take in what export has written."),
    ("version", "Show the versions of client, daemon and protocol."),
    ("shell-init", "Print what makes Isaac a part of your shell."),
    ("mcp", "Be the MCP server of an editor or an agent."),
)
