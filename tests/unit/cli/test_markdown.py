"""How Markdown looks on a terminal, and when it is shown."""

import time

import pytest

from isaacd.cli.markdown import Markdown


def show(text: str, columns: int = 40) -> str:
    markdown = Markdown(columns, color=True)
    return markdown.feed(text) + markdown.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a **b c** d", "a \x1b[1mb\x1b[0m \x1b[1mc\x1b[0m d"),
        ("*i* _i_ ***x***", "\x1b[3mi\x1b[0m \x1b[3mi\x1b[0m \x1b[1;3mx\x1b[0m"),
        ("~~no~~ ~one~", "\x1b[9mno\x1b[0m ~one~"),
        ("use `ls -l` now", "use \x1b[36mls\x1b[0m \x1b[36m-l\x1b[0m now"),
        ("``a ` b``", "\x1b[36ma\x1b[0m \x1b[36m`\x1b[0m \x1b[36mb\x1b[0m"),
        ("2 * 3 * 4, *args, **kwargs, a_b_c", "2 * 3 * 4, *args, **kwargs, a_b_c"),
        ("\\*not\\* C:\\dir \\(x\\)", "*not* C:\\dir \\(x\\)"),
        ("[here](https://e.org)", "\x1b[4mhere\x1b[0m \x1b[2m(https://e.org)\x1b[0m"),
        ("[1] [x] a[i](j k)", "[1] [x] a[i](j k)"),
        ("**bold with `code**`**", "\x1b[1mbold\x1b[0m \x1b[1mwith\x1b[0m \x1b[1;36mcode**\x1b[0m"),
        ("# One\n## Two", "\x1b[1;4mOne\x1b[0m\n\x1b[1mTwo\x1b[0m"),
        ("#hashtag", "#hashtag"),
        ("- a\n  * b\n1. c", "• a\n  • b\n1. c"),
        ("-5 degrees\n-flag", "-5 degrees\n-flag"),
        ("> a\n> > b", "\x1b[2m│ \x1b[0ma\n\x1b[2m│ │ \x1b[0mb"),
        ("a\n\n\nb\n", "a\n\n\nb\n"),
        ("```py\nx = '**'\n```", "\x1b[2m```py\x1b[0m\nx = '**'\n\x1b[2m```\x1b[0m"),
        ("~~~\n```\n~~~\nb", "\x1b[2m~~~\x1b[0m\n```\n\x1b[2m~~~\x1b[0m\nb"),
        ("unclosed **bold", "unclosed **bold"),
        (
            "| a | b |\n|---|--:|\n| x | 10 |\n",
            "\x1b[1ma\x1b[0m   \x1b[1mb\x1b[0m\n\x1b[2m─  ──\x1b[0m\nx  10\n",
        ),
        ("| no table", "| no table"),
        ("\x1b]0;title\x07 \x1b[31mred", "␛]0;title␇ ␛[31mred"),
    ],
)
def test_looks(text: str, shown: str) -> None:
    assert show(text) == shown


def test_long_lines_are_wrapped_between_words_and_hang_under_their_item() -> None:
    assert show("- the quick brown fox jumps over", 20) == "• the quick brown\n  fox jumps over"
    assert show("> the quick brown fox", 20).count("│ ") == 2


def test_wide_characters_fill_two_columns() -> None:
    assert show("漢" * 15, 20) == "漢" * 10 + "\n" + "漢" * 5


def test_a_table_that_is_too_wide_is_wrapped_in_its_cells() -> None:
    table = "| name | what it does |\n|---|---|\n| x | one two three four five six seven |\n"
    assert show(table, 23).splitlines()[2:] == ["x     one two three", "      four five six", "      seven"]


def test_a_word_is_shown_as_soon_as_it_is_whole() -> None:
    markdown = Markdown(80, color=True)
    assert markdown.feed("The quick") == "The"
    assert markdown.feed(" bro") == " quick"
    assert markdown.feed("wn **fox") == " brown"
    assert markdown.feed(" jumps** over") == " \x1b[1mfox\x1b[0m \x1b[1mjumps\x1b[0m"
    assert markdown.close() == " over"


def test_code_is_shown_character_by_character() -> None:
    markdown = Markdown(80, color=True)
    markdown.feed("```\n")
    assert [markdown.feed(char) for char in "ab c"] == ["a", "b", " ", "c"]


@pytest.mark.parametrize(
    "text", ["*_", "[*a_b`~~c ", "*a _b ", "`", "> ", "|a", "[a", "a **b *c _d ", "#", "1"]
)
def test_text_that_never_ends_what_it_begins_costs_no_more_than_other_text(text: str) -> None:
    markdown = Markdown(80, color=True)
    start = time.process_time()
    for _ in range(20_000 // len(text)):
        markdown.feed(text)
    markdown.close()
    # Quadratic work would take minutes here; this is a bound on the kind of growth, not on the machine.
    assert time.process_time() - start < 20
