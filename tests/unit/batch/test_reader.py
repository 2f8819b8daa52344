"""Input becomes rows, whatever its form; what is no row is said with its line, and the rest goes on."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.batch.cards import Form
from isaacd.batch.question import Row
from isaacd.batch.reader import Reader
from isaacd.errors import InvalidParams


def read(data: bytes | str, form: Form | None = None, *, sizes: int = 1 << 20, **options: str) -> list[Row]:
    data = data.encode() if isinstance(data, str) else data
    reader = Reader(form, **options)  # type: ignore[arg-type]
    rows: list[Row] = []
    for at in range(0, len(data), sizes):
        rows += reader.feed(data[at : at + sizes])
    return [*rows, *reader.end()]


def prompts(rows: list[Row]) -> list[str]:
    return [row.prompt if row.problem is None else f"! {row.line}: {row.problem}" for row in rows]


def test_json_lines_take_prompt_question_messages_and_plain_text() -> None:
    rows = read(
        '{"prompt": "one", "id": 7}\n\n{"question": "two", "model": "m", "system": "be brief"}\n'
        '"three"\n{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},'
        ' {"role": "user", "content": "four"}]}'
    )
    assert prompts(rows) == ["one", "two", "three", "four"]
    assert [row.index for row in rows] == [0, 1, 2, 3]
    assert [row.line for row in rows] == [1, 3, 4, 5]
    assert rows[0].id == 7
    assert rows[1].question is not None
    assert rows[3].question is not None
    assert rows[1].question.model == "m"
    assert [turn.role for turn in rows[1].question.messages] == ["system", "user"]
    assert [turn.role for turn in rows[3].question.messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{nope", "this is not JSON"),
        ('["a"]', "jq -c"),
        ("3", "must be a JSON object"),
        ('{"text": "x"}', "none of prompt, question and messages"),
        ('{"prompt": 3}', "must be text"),
        ('{"prompt": " "}', "empty"),
        ('{"prompt": "x", "id": [1]}', "`id` must be"),
        ('{"prompt": "x", "model": 1}', "`model` must be text"),
        ('{"messages": []}', "`messages` is empty"),
        ('{"messages": [{"role": "boss", "content": "x"}]}', "`messages` cannot be used"),
    ],
)
def test_a_bad_row_is_said_with_its_line_and_the_rest_goes_on(line: str, says: str) -> None:
    first, bad, last = read(f'{{"prompt": "a"}}\n{line}\n{{"prompt": "b"}}\n', "jsonl")
    assert bad.question is None
    assert says in (bad.problem or "")
    assert bad.line == 2
    assert (first.prompt, last.prompt, last.index) == ("a", "b", 2)


def test_bytes_that_are_no_text_spoil_their_own_line_only() -> None:
    assert prompts(read(b"one\ntw\xffo\nthree", "lines")) == [
        "one",
        "! 2: this is not text in UTF-8 (byte 3 of the line)",
        "three",
    ]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    long = b"x" * (9 * 1024 * 1024)
    rows = read(b"one\n" + long + b"\nthree\n", "lines", sizes=65536)
    assert prompts(rows) == ["one", "! 2: the line is longer than 8 MiB", "three"]


def test_input_without_a_known_form_is_json_lines_if_it_begins_so() -> None:
    assert prompts(read('{"prompt": "x"}\n')) == ["x"]
    assert prompts(read("first\n{second}\n")) == ["first", "{second}"]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_prompt() -> None:
    assert prompts(read(b"\xef\xbb\xbfone\r\ntwo\r\n", "lines")) == ["one", "two"]


def test_a_table_has_quotes_line_ends_and_separators_in_its_fields() -> None:
    rows = read('id,prompt\n1,"say ""hi"",\nthen go"\n2,plain 5" pipe\n\n3,last', "csv")
    assert prompts(rows) == ['say "hi",\nthen go', 'plain 5" pipe', "last"]
    assert [(row.id, row.line) for row in rows] == [("1", 2), ("2", 4), ("3", 6)]


def test_a_table_of_one_column_needs_no_name_and_tabs_separate_too() -> None:
    assert prompts(read("whatever\na\nb\n", "csv")) == ["a", "b"]
    assert prompts(read("id\tprompt\n1\ta, b\n", "tsv")) == ["a, b"]


def test_a_quote_that_never_closes_costs_its_own_line() -> None:
    rows = read('prompt,id\n"open,1\ntwo,2\nthree,3\n', "csv")
    assert prompts(rows) == ["! 2: a quote is opened and never closed", "two", "three"]


def test_a_row_with_other_fields_than_the_header_is_bad() -> None:
    assert prompts(read("prompt,id\na,1,x\nb,2\n", "csv")) == [
        "! 2: the row has 3 fields, the header 2",
        "b",
    ]


def test_a_template_takes_the_columns_and_braces_can_be_written() -> None:
    rows = read(
        "text,lang\nhello,French\n", "csv", template="Translate {text} to { lang } as {{json}}", system="s"
    )
    assert prompts(rows) == ["Translate hello to French as {json}"]
    assert rows[0].question is not None
    assert rows[0].question.messages[0].content == "s"
    assert prompts(read('{"n": 3, "x": [1], "z": null}\n', template="{n} {x} {z}")) == ["3 [1] "]


@pytest.mark.parametrize(
    ("template", "says", "hint"),
    [
        ("{txt}", "no column 'txt'", "did you mean {text}?"),
        ("{TEXT}", "no column 'TEXT'", "did you mean {text}?"),
        ("{colour}", "no column 'colour'", "its columns are: text, lang"),
        ("{text", "lone '{'", "write {column}"),
        ("{}", "lone '{}'", "write {column}"),
    ],
)
@pytest.mark.parametrize(
    ("form", "data"), [("csv", "text,lang\nhello,French\n"), ("jsonl", '{"text": "a", "lang": "b"}\n')]
)
def test_a_template_that_does_not_fit_is_refused_before_any_row(
    form: Form, data: str, template: str, says: str, hint: str
) -> None:
    with pytest.raises(InvalidParams) as refused:
        read(data, form, template=template)
    assert says in refused.value.message
    assert hint in (refused.value.hint or "")


def test_a_later_row_without_a_column_of_the_template_is_bad() -> None:
    rows = read('{"a": "1"}\n{"b": "2"}\n', template="{a}")
    assert prompts(rows) == ["1", "! 2: the row has no 'a'"]


def test_a_table_without_prompts_says_how_to_make_them() -> None:
    with pytest.raises(InvalidParams) as refused:
        read("name,age\na,1\n", "csv")
    assert "--template 'What is {name}?'" in (refused.value.hint or "")
    with pytest.raises(InvalidParams, match="two columns are called 'a'"):
        read("a,a\n1,2\n", "csv")


CELL = st.text(alphabet=st.sampled_from('ab,"\n é'), max_size=6)


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5), st.integers(1, 9))
def test_a_table_reads_as_it_was_written_whatever_the_pieces(table: list[tuple[str, str]], size: int) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["x", "y"])
    writer.writerows(table)
    rows = read(text.getvalue(), "csv", sizes=size, template="<{x}|{y}>")
    assert [row.prompt for row in rows] == [f"<{x}|{y}>" for x, y in table]


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(1, 20), st.sampled_from(["jsonl", "lines", None]))
def test_the_pieces_that_bytes_arrive_in_change_nothing(data: bytes, size: int, form: Form | None) -> None:
    assert read(data, form, sizes=size) == read(data, form)
