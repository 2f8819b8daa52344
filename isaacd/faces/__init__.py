"""Other languages that are spoken on the daemon's socket, each as a view of the same commands."""
