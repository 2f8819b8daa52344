"""Files watched, and a line run when they change: in the person's own terminal, with nothing of the daemon."""
