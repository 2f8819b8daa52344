"""Plugins: what one declares, and how they are found and loaded."""

from isaacd.plugin.loader import BootLoader, LoadedPlugin
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Registry

__all__ = ["BootLoader", "LoadedPlugin", "Plugin", "Registry"]
