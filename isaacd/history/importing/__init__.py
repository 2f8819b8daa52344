"""Histories of shells and of other programs, read as runs."""
