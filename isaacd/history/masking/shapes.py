"""Secrets that are known by their shape: makers' marks, keys in blocks, and long runs that nobody types by hand."""

import re

from isaacd.redact import REDACTED, redact_text

# What a word of this shape is not taken for: object ids of git, digests, UUIDs. Behind a secret's name it is one still.
_IDS = re.compile(
    r"(?<![\w=:+/-])(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![\w+/=-])"
    r"|(?<=sha256:)[0-9a-f]{64}(?![\w+/=-])"
)
# Names and values that only say how, and options that say where a secret is.
_HARMLESS = re.compile(
    r"(?<![\w.-])[\w.-]{1,60}[=:][ ]?(?:yes|no|true|false|ask|none|null|auto|on|off|accept-new"
    r"|\"?\$\w{1,60}\"?|\"?\$\{\w{1,60}\}\"?)(?![\w$./-])"
    r"|(?<![\w.-])--key=[0-9][0-9.,a-z]{0,12}(?!\S)"
    r"|(?<![\w-])--[\w-]{1,60}-(?:file|path|env|stdin|command|cmd|dir|type|id|name|fd)(?![\w-])"
)
_RUN = re.compile(r"(?<![\w+-])[\w+-]{32,}(?![\w+-])")
_WORDLIKE = re.compile(r"(?:[A-Z]?[a-z]{0,16}|[A-Z]{0,16})v?[0-9]{0,8}[a-z]{0,3}\Z")
_KEPT, _KEPT_END = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_KEPT}([0-9]{{1,6}}){_KEPT_END}")
_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# Makers' marks, most of them beyond those that `isaacd.redact` knows.
_MARKS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|(?:dop|doo|dor)_v1_[a-f0-9]{16,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}|lin_api_\w{16,}|dapi[a-f0-9]{16,}"
    r"|hv[sbr]\.[\w-]{16,}|pypi-[\w-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{16,}|NRAK-[A-Z0-9]{16,}|ATATT3[\w=-]{16,}"
    r"|[0-9]{8,10}:AA[\w-]{30,}|dp\.pt\.\w{16,}|tskey-[\w-]{10,}|key-[0-9a-f]{32}|sq0[a-z]{3}-[\w-]{16,}"
    r"|EAA[A-Za-z0-9]{30,}|(?:A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|ASIA)[A-Z0-9]{12,}|github_pat_\w{12,}|gh[a-z]_\w{12,}"
    r"|(?:sk|pk|rk)[-_][\w-]{10,}|glpat-[\w-]{10,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|npm_\w{16,}|hf_\w{12,}"
    r")"
)
_WEBHOOKS = re.compile(r"((?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/)[\w/-]{8,}")
# base64 with signs in it, as the secret keys of AWS and Azure are: capitals, small letters and digits in one run.
_BASE64 = re.compile(r"(?<![\w+/.~-])[A-Za-z0-9+/]{36,}={0,2}(?![\w+/-])")
# name=value and "name": "value" in the midst of text, such as JSON, for names that `isaacd.redact` leaves alone.
_PAIRS = re.compile(
    r"((?<![a-z])(?:[a-z0-9]{1,20}[_.-])?(?:pass|pwd|psk|passcode|passwd)[\"']?[ ]?[:=][ ]?)"
    r"(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|\[redacted\]|[^\s&,;)}\]\"'$]+)",
    re.IGNORECASE,
)
# `alter user u with password 'x'`, `identified by 'x'`, `set password = 'x'`.
_SQL = re.compile(
    r"((?:\bpassword(?:[ ]{1,4}for[ ]{1,4}[\w'\"@%.]{1,80})?|\bidentified[ ]{1,4}(?:with[ ]{1,4}[\w'\"]{1,40}[ ]{1,4})?by)(?:[ ]{1,4}|[ ]{0,4}=[ ]{0,4})(?:password[ ]{0,2}\([ ]{0,2})?)"
    r"(?:'[^']{1,200}'|\"[^\"]{1,200}\")",
    re.IGNORECASE,
)
_PWD = re.compile(r"(?<![\w.-])(?:OLD)?PWD[=:]\Z")
_PIECE_CHARS = 8192


def masked_shapes(text: str) -> str:
    """Return the text without what has a secret's shape, or a secret's name before it."""
    text = _without_blocks(text)
    if len(text) <= _PIECE_CHARS:
        return _masked(text)
    # `redact_text` cuts the middle out of what is long; nothing may be lost here, so it gets pieces that end at a blank.
    pieces = []
    at = 0
    while at < len(text):
        end = at + _PIECE_CHARS
        if end < len(text):
            blank = max(text.rfind(sign, at + 1, end) for sign in " \n")
            end = blank if blank > at else end
        pieces.append(_masked(text[at:end]))
        at = end
    return "".join(pieces)


def _masked(text: str) -> str:
    text = _SQL.sub(rf"\g<1>{REDACTED}", text)
    text = _MARKS.sub(REDACTED, text)
    text = _WEBHOOKS.sub(rf"\g<1>{REDACTED}", text)
    text = _PAIRS.sub(lambda match: match[0] if _PWD.search(match[1]) else f"{match[1]}{REDACTED}", text)
    text = _BASE64.sub(lambda match: REDACTED if _is_mixed(match[0]) else match[0], text)
    if _KEPT in text or _KEPT_END in text:
        return redact_text(text)
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"{_KEPT}{len(kept) - 1}{_KEPT_END}"

    text = _HARMLESS.sub(keep, _IDS.sub(keep, text))
    text = _RUN.sub(lambda match: keep(match) if _is_name(match[0]) else match[0], text)
    return _restored(redact_text(text), kept)


def _restored(text: str, kept: list[str]) -> str:
    """Put back what was kept; what was kept later may hold what was kept before."""
    for _ in range(3):
        text = _PLACEHOLDER.sub(lambda match: kept[int(match[1])], text)
        if _KEPT not in text:
            break
    return text


def _without_blocks(text: str) -> str:
    while (block := _BLOCK.search(text)) is not None:
        end = _BLOCK_END.search(text, block.end())
        text = f"{text[: block.start()]}{REDACTED}{text[end.end() :] if end else ''}"
    return text


def _is_mixed(run: str) -> bool:
    """Say whether a run is random: all kinds of letters, and no path of words."""
    kinds = (any(map(str.isupper, run)), any(map(str.islower, run)), any(map(str.isdigit, run)))
    return all(kinds) and not all(_WORDLIKE.match(part) for part in run.split("/"))


def _is_name(run: str) -> bool:
    """Say whether a long run is a name made of words and numbers, such as `backup-2026-01-15-before-upgrade`."""
    parts = re.split(r"[-_+]", run)
    return len(parts) > 2 and all(_WORDLIKE.match(part) for part in parts)
