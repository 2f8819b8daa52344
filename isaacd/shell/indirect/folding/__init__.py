"""Text that code of other languages puts together before it runs it: `system("r" . "m -rf /")`, `"/ fr- mr".reverse`."""

import re

from isaacd.shell.indirect.folding.assembled import Assembled
from isaacd.shell.indirect.folding.others import assemble
from isaacd.shell.indirect.folding.python import assemble_python

__all__ = ["decodes", "put_together"]

MAX_CODE = 4000
_RUNS = re.compile(
    r"system|popen|exec|spawn|passthru|proc_open|check_output|check_call|getoutput|getstatusoutput|child_process|subprocess|"
    r"pcntl|eval|invoke-expression|shell|command|__import__|import_module|open3|compile|process|`|%x|"
    r"[\"']\s{0,4}\||\|\s{0,4}[\"']|\b(?:cmd|iex|qx|send|public_send|__send__|run|call|getattr|load|loadstring)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"rm|unlink|remove|del|open|write|trunc", re.IGNORECASE)
_DECODES = re.compile(
    r"b(?:64|32|16)decode|[ab]85decode|decodebytes|a2b_|unhexlify|fromhex|hex2bin|rot_?13|decode_?base64|base64_decode|decode64|"
    r"\batob\b|[\"'](?:base64|base64url|hex)[\"']|frombase64string|decompress|gzinflate|gzuncompress|inflate|"
    r"marshal\.loads|pickle\.loads|uudecode|[\"'][hmuw]\d?\*?[\"']",
    re.IGNORECASE,
)


def put_together(language: str, code: str) -> Assembled:
    """Return what stands in code that runs or deletes something, once all is put together that can be."""
    runs = _RUNS.search(code) is not None
    if len(code) > MAX_CODE or not (runs or _CHANGES.search(code)):
        return Assembled()
    found = assemble_python(code) if language in ("python", "pypy", "ipython") else None
    if found is None:
        found = assemble(language, code)
    # Where nothing runs texts, they are data.
    return found if runs else Assembled(code=found.code)


def decodes(code: str) -> bool:
    """Say whether code makes text of what nobody can read, and names something that may run it."""
    return _DECODES.search(code) is not None and _RUNS.search(code) is not None
