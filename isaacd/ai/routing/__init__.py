"""How calls are made: who may be called when, who is called next, and who shares a call."""
