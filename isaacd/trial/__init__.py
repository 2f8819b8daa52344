"""A plugin tried as its users will have it: packed, installed in a temporary home, and used through a daemon of its own."""
