"""Mistyped lines: what was meant, and how sure that is."""
