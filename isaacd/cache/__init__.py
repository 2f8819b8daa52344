"""Answers kept: memory levels, policies and the stores below them."""
