"""Commands of plugins as tools that a model may call."""
