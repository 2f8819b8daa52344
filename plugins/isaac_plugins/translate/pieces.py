"""A text in pieces: what is translated, and what stays to the letter: code, addresses, tags, placeholders, blanks."""

import re

import msgspec

_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})")
# Each of these stays as it is; in a paragraph a mark stands for it.
_KEPT = re.compile(
    r"`[^`\n]{1,400}`"
    r"|\{\{[^{}\n]{1,100}\}\}|\$\{[^{}\n]{1,100}\}|\{[\w.!:#-]{0,60}\}"
    r"|%\([\w.]{1,60}\)[-#0 +]{0,3}\d{0,4}(?:\.\d{1,3})?[a-zA-Z]|%[-+#0]{0,3}\d{0,4}(?:\.\d{1,3})?[sdifgxXeruc](?![\w])|%\d{1,2}\$[sd]"
    r"|\$[A-Za-z_]\w{0,60}"
    r"|</?[A-Za-z][^<>\n]{0,400}>|&[a-zA-Z]{2,10};|&#\d{1,6};"
    r"|(?:https?|ftp|ssh|git)://[^\s<>\"')\]]{1,1000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b"
    r"|(?<=\])\([^()\s]{1,600}(?:\s\"[^\"]{0,200}\")?\)"
)
_MARK = re.compile(r"\u27e6(\d{1,5})\u27e7")
# What makes a line a heading, an item or a row; it has to be there afterwards as often as before.
_SHAPE = re.compile(r"^\s*(#{1,6} |[-*+] |\d+[.)] |> ?|\|)", re.MULTILINE)


class Paragraph(msgspec.Struct, frozen=True):
    """A piece that is translated: the text with marks, and what each mark stands for."""

    text: str
    kept: tuple[str, ...]

    def restored(self, translated: str) -> str | None:
        """Put back what the marks stand for; None if a mark, or the shape of a line, was lost or made up."""
        if sorted(_MARK.findall(translated)) != sorted(_MARK.findall(self.text)) or not translated.strip():
            return None
        if _shape(translated) != _shape(self.text):
            return None
        return _MARK.sub(lambda match: self.kept[int(match[1])], translated)

    @property
    def is_worth(self) -> bool:
        """Whether there is anything to translate: letters beside the marks."""
        return any(char.isalpha() for char in _MARK.sub("", self.text))


def split(text: str) -> list[str | Paragraph]:
    """Split a text into paragraphs and what stays between them; joined again they are the text, to the letter."""
    found: list[str | Paragraph] = []
    held: list[str] = []

    def flush() -> None:
        if held:
            found.append(_paragraph("".join(held)))
            held.clear()

    lines = text.splitlines(keepends=True)
    at = _front_matter(lines)
    if at:
        found.append("".join(lines[:at]))
    while at < len(lines):
        line = lines[at]
        fence = _FENCE.match(line)
        if fence is not None or _is_indented_code(lines, at):
            flush()
            end = _code_end(lines, at, fence["fence"] if fence is not None else "")
            found.append("".join(lines[at:end]))
            at = end
            continue
        if not line.strip():
            flush()
            found.append(line)
        else:
            held.append(line)
        at += 1
    flush()
    return [piece for item in found for piece in _edges(item)]


def _paragraph(text: str) -> Paragraph:
    kept: list[str] = []

    def mark(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\u27e6{len(kept) - 1}\u27e7"

    # A text that has our marks already keeps them as well.
    marked = re.sub(f"{_MARK.pattern}|{_KEPT.pattern}", mark, text)
    return Paragraph(marked, tuple(kept))


def _edges(item: str | Paragraph) -> list[str | Paragraph]:
    """Leave the blanks around a paragraph out of it, and what has nothing to translate as it is."""
    if isinstance(item, str):
        return [item]
    if not item.is_worth:
        return [_MARK.sub(lambda match: item.kept[int(match[1])], item.text)]
    body = item.text.strip()
    start = item.text.index(body)
    pieces: list[str | Paragraph] = [
        item.text[:start],
        Paragraph(body, item.kept),
        item.text[start + len(body) :],
    ]
    return [piece for piece in pieces if piece != ""]


def _shape(text: str) -> list[str]:
    return sorted(match.strip(" 0123456789") for match in _SHAPE.findall(text))


def _front_matter(lines: list[str]) -> int:
    if not lines or lines[0].strip() not in ("---", "+++"):
        return 0
    sign = lines[0].strip()
    return next((place + 1 for place in range(1, min(len(lines), 200)) if lines[place].strip() == sign), 0)


def _is_indented_code(lines: list[str], at: int) -> bool:
    return (
        lines[at].startswith(("    ", "\t"))
        and bool(lines[at].strip())
        and (at == 0 or not lines[at - 1].strip())
        and not _SHAPE.match(lines[at])
    )


def _code_end(lines: list[str], at: int, fence: str) -> int:
    end = at + 1
    if not fence:
        while end < len(lines) and lines[end].startswith(("    ", "\t")) and lines[end].strip():
            end += 1
        return end
    while end < len(lines):
        match = _FENCE.match(lines[end])
        end += 1
        if (
            match is not None
            and match["fence"][0] == fence[0]
            and len(match["fence"]) >= len(fence)
            and lines[end - 1].strip() == match["fence"]
        ):
            break
    return end
