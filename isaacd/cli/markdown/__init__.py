"""Markdown for a terminal, while it arrives."""

from isaacd.cli.markdown.stream import Markdown

__all__ = ["Markdown"]
