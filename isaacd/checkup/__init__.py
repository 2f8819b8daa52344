"""What can be wrong on a person's machine, found without the daemon, each with what mends it.

It runs in a process of its own (`python -m isaacd.checkup`), so that it works when the daemon does not.
"""
