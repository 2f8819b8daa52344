"""Many questions at once: read, asked, written, resumed."""
