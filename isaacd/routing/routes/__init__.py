"""The routes, one a file, in the order of the router."""
