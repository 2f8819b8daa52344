"""Capability tokens: what a program may ask for that is not simply the person whose daemon this is."""
