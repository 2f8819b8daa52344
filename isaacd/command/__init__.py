"""A function becomes a command: its signature the schema, its docstring the help."""

from isaacd.command.arguments import Call
from isaacd.command.catalog import Catalog
from isaacd.command.command import Command
from isaacd.command.later import Later
from isaacd.command.markers import Argument, Input, Option, Words

__all__ = ["Argument", "Call", "Catalog", "Command", "Input", "Later", "Option", "Words"]
