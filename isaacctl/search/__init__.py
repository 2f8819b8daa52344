"""Files found by name and by what is in them: in a process of the caller's own, with nothing but the standard library."""
