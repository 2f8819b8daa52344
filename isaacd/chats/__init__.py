"""Conversations: kept in a tree of turns, found again, branched, and fitted into what a model can take."""
