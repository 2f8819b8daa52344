"""Shell lines understood: parsed into a small syntax of our own, and every command found that could run."""
