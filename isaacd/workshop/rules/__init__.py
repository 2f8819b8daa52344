"""The rules about plugins, each a function from what was read to what is wrong with it."""
