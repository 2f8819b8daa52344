"""Requests served: sessions that know no socket, and the one room that waits for bytes."""
