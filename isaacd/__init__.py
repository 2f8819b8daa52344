"""The resident daemon of Isaac."""

__version__ = "0.1.0"
