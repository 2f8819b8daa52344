"""Secrets taken out of command lines before they are kept."""
