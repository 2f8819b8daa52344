"""The thin client of Isaac: the command line and the Python client library."""

__version__ = "0.1.0"
