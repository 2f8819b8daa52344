"""Plugins: what one declares, and how they are found and loaded."""

from isaacd.plugin.loader import BootLoader, LoadedPlugin
from isaacd.plugin.plugin import Plugin
from isaacd.plugin.registry import Registry
from isaacd.plugin.version import API_VERSION

__all__ = ["API_VERSION", "BootLoader", "LoadedPlugin", "Plugin", "Registry"]
