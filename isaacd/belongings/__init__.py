"""What belongs to one plugin and to no other: its settings, state, cache, database, secrets, and what it may use."""

from isaacd.belongings.belongings import Belongings, Declared, Household

__all__ = ["Belongings", "Declared", "Household"]
