"""Input turned into rows, piece by piece and without I/O; what is no row is said with its line, and the rest goes on."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from isaacd.ai.chat import Message
from isaacd.batch.cards import Form, plural
from isaacd.batch.lines import MAX_ROW_BYTES, Lines
from isaacd.batch.question import Question, Row
from isaacd.batch.table import Records
from isaacd.batch.template import Template
from isaacd.errors import InvalidParams

_PROMPTS = ("prompt", "question")
_KNOWN = frozenset({*_PROMPTS, "id", "model", "system"})
_SEPARATORS = {"csv": ",", "tsv": "\t"}
_LONGEST_ID = 200


class Problem(Exception):
    """Why a row cannot be asked."""


class Reader:
    """Makes rows of bytes; `form` None takes JSON Lines if the first character is `{`, else one prompt a line.

    Raises InvalidParams for what is wrong with the whole input: its header, or a template that does not fit it.
    """

    def __init__(self, form: Form | None, *, template: str | None = None, system: str | None = None) -> None:
        self._form = form
        self._template = Template(template) if template is not None else None
        self._system = system
        self._lines = Lines()
        self._records: Records | None = None
        self._header: list[str] | None = None
        self._checked = False
        self.count = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        """Give the rows that end in `data`."""
        for number, line in self._lines.feed(data):
            yield from self._line(number, line)

    def end(self) -> Iterator[Row]:
        """Give the rest, at the end of the input."""
        for number, line in self._lines.end():
            yield from self._line(number, line)
        if self._records is not None:
            for number, found in self._records.end():
                yield from self._record(number, found)

    def _line(self, number: int, line: bytes | None) -> Iterator[Row]:
        if line is not None and not line.strip() and self._form not in _SEPARATORS:
            return
        try:
            if line is None:
                raise Problem(f"the line is longer than {MAX_ROW_BYTES // 1024**2} MiB")
            text = _decoded(line)
        except Problem as problem:
            yield self._row(number, problem=str(problem))
            return
        if self._form is None:
            self._form = "jsonl" if text.lstrip().startswith("{") else "lines"
        if self._form in _SEPARATORS:
            if self._records is None:
                self._records = Records(_SEPARATORS[self._form])
            for first, found in self._records.feed(number, text):
                yield from self._record(first, found)
        elif self._form == "lines":
            yield self._asked(number, {"prompt": text})
        else:
            yield self._object(number, text)

    def _object(self, number: int, text: str) -> Row:
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            return self._row(number, problem=f"this is not JSON: {error}")
        if isinstance(value, str):
            value = {"prompt": value}
        if not isinstance(value, dict):
            hint = "; of one array, `jq -c '.[]'` makes lines" if isinstance(value, list) else ""
            return self._row(number, problem=f"a row must be a JSON object{hint}")
        return self._asked(number, value)

    def _record(self, number: int, found: list[str] | str) -> Iterator[Row]:
        if isinstance(found, str):
            if self._header is None:
                raise InvalidParams(f"line {number}: {found}", hint="the first line must name the columns")
            yield self._row(number, problem=found)
        elif self._header is None:
            self._header = self._named(found)
        elif len(found) != len(self._header):
            wanted = len(self._header)
            yield self._row(number, problem=f"the row has {plural(len(found), 'field')}, the header {wanted}")
        else:
            yield self._asked(number, dict(zip(self._header, found, strict=True)))

    def _named(self, fields: list[str]) -> list[str]:
        """Check a header and give its columns their names."""
        names = [field.strip() for field in fields]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidParams(
                f"two columns are called {twice!r}", hint="give each column a name of its own"
            )
        lower = [name.lower() for name in names]
        if self._template is not None:
            self._template.check(names)
        elif len(names) == 1:
            return ["prompt"]
        elif not any(name in _PROMPTS for name in lower):
            raise InvalidParams(
                f"no column is called prompt or question; there are: {', '.join(names[:12])}",
                hint=f"make a prompt of the columns: --template 'What is {{{names[0]}}}?'",
            )
        if self._template is not None:
            return names
        return [low if low in _KNOWN else name for name, low in zip(names, lower, strict=True)]

    def _asked(self, number: int, columns: dict[str, Any]) -> Row:
        if self._template is not None and not self._checked:
            self._template.check(columns)
        self._checked = True
        try:
            messages, prompt = self._messages(columns)
            model = _text_or_none(columns, "model")
            name = columns.get("id")
            if name is not None and (
                isinstance(name, bool) or not isinstance(name, str | int) or len(str(name)) > _LONGEST_ID
            ):
                raise Problem(f"`id` must be a short text or a number, at most {_LONGEST_ID} characters")
        except Problem as problem:
            return self._row(number, problem=str(problem))
        return self._row(number, question=Question(messages, model), id=name, prompt=prompt)

    def _messages(self, columns: dict[str, Any]) -> tuple[tuple[Message, ...], str]:
        system = _text_or_none(columns, "system") or self._system
        if self._template is None and columns.get("messages") is not None:
            messages = _turns(columns["messages"])
            prompt = next((turn.content for turn in reversed(messages) if turn.role == "user"), "")
        else:
            prompt = self._prompt(columns)
            messages = (Message("user", prompt),)
        if system is not None and messages[0].role != "system":
            messages = (Message("system", system), *messages)
        return messages, prompt

    def _prompt(self, columns: Mapping[str, Any]) -> str:
        if self._template is not None:
            try:
                prompt = self._template.fill(columns)
            except KeyError as missing:
                raise Problem(f"the row has no {missing.args[0]!r}") from None
        else:
            given = next((columns[name] for name in _PROMPTS if columns.get(name) is not None), None)
            if given is None:
                raise Problem("the row has none of prompt, question and messages")
            if not isinstance(given, str):
                raise Problem("the prompt must be text")
            prompt = given
        if not prompt.strip():
            raise Problem("the prompt is empty")
        return prompt

    def _row(self, number: int, **given: Any) -> Row:
        row = Row(self.count, number, **given)
        self.count += 1
        return row


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise Problem(f"this is not text in UTF-8 (byte {error.start + 1} of the line)") from None


def _text_or_none(columns: Mapping[str, Any], name: str) -> str | None:
    value = columns.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Problem(f"`{name}` must be text")
    return value


def _turns(value: object) -> tuple[Message, ...]:
    try:
        turns = msgspec.convert(value, tuple[Message, ...])
    except msgspec.ValidationError as error:
        raise Problem(f"`messages` cannot be used: {error}") from None
    if not turns:
        raise Problem("`messages` is empty")
    return turns
