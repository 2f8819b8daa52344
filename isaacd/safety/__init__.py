"""How dangerous a thing is, in five tiers."""
