"""Questions answered: what a provider is, what flows out of one, and who is asked."""
