"""Everything a user owns in one file, and back again: backups, their restoration, and plain JSON.

These run in a process of their own (`python -m isaacd.backup`), which `isaacctl` starts: the daemon may be running,
stopped or unable to start, and as a service it may not write where a person wants a backup.
"""
