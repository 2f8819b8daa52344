"""The daemon's log: one JSON object a line, secrets taken out, nothing imported before the first line."""

from isaacd.log.log import Level, Log, open_log
from isaacd.log.request import request_fields

__all__ = ["Level", "Log", "open_log", "request_fields"]
