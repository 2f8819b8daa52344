"""HTTP/1.1 on the same socket: the language of OpenAI's clients. Nothing of it is imported before somebody speaks it."""
