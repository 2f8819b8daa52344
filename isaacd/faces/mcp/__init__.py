"""The Model Context Protocol: commands as tools of programs in which a model works, with no I/O of its own."""
