"""Bash read by descent, character by character."""
