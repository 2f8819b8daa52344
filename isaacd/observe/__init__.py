"""The daemon seen from outside: figures for a monitoring system, and traces sent to a collector if one is configured."""
