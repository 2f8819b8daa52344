"""Plugins that are not trusted run in processes of their own, behind a fence."""
