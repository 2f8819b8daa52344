"""Every key of a TOML document is found, and on the line it stands on."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from isaacd.config.keys import dotted, parse_key, quoted, split_assignment
from isaacd.config.lines import key_lines

BARE = st.sampled_from(["a", "b", "c1", "key-2", "_", "1"])
ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
TEXT = st.text(st.sampled_from(list("ab\"'#=[]{},. \\\t")), max_size=6)


@st.composite
def keys(draw):
    part = st.one_of(
        BARE, ODD.map(quoted), TEXT.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'")
    )
    gap = draw(st.sampled_from([".", " . ", "\t."]))
    return gap.join(draw(st.lists(part, min_size=1, max_size=3)))


def multiline(text, quote):
    if quote == '"':
        body = text.replace("\\", "\\\\").replace('"""', '""\\"')
        return f'"""{body}"""' if not body.endswith('"') else f'"""{body[:-1]}\\""""'
    return f"'''{text.replace(chr(39), '')}'''"


BLANK = st.sampled_from(["", " ", "\n", " # ] } \" '''\n", "\r\n\t"])
SCALARS = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        [
            "true",
            "1.5e3",
            "inf",
            "-nan",
            "0xff",
            "1979-05-27",
            "1979-05-27 07:32:00",
            "1979-05-27T07:32:00.5Z",
            "07:32:00",
            '""""two"" and ""more"" """',
            "''''one' '''",
            '""""""',
            '"""a"""""',
            "'''b'''''",
            '"""x\\\n   y"""',
        ]
    ),
    st.one_of(ODD, TEXT).map(quoted),
    TEXT.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'"),
    st.builds(
        multiline,
        st.text(st.sampled_from(list("ab\"'#=[]\n{},. \\")), max_size=8),
        st.sampled_from(["'", '"']),
    ),
)


def arrays(values):
    return st.builds(
        lambda items, blank, comma: f"[{blank}{f',{blank}'.join(items)}{comma if items else ''}{blank}]",
        st.lists(values, max_size=3),
        BLANK,
        st.sampled_from(["", ","]),
    )


def inline_tables(values):
    return st.builds(
        lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items) + "}",
        st.lists(st.tuples(keys(), values), max_size=3),
    )


VALUES = st.recursive(SCALARS, lambda inner: st.one_of(arrays(inner), inline_tables(inner)), max_leaves=5)
STATEMENTS = st.one_of(
    st.builds(lambda key, value: f"{key} = {value}", keys(), VALUES),
    keys().map(lambda key: f"[{key}]"),
    keys().map(lambda key: f"[[ {key} ]]"),
    st.sampled_from(["", "# [comment] = 1", "\t"]),
)


def parses(text):
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def all_keys(value, key=()):
    found = set()
    items = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    for name, item in items.items():
        found |= {(*key, name)} | all_keys(item, (*key, name))
    return found


@given(st.lists(STATEMENTS, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_the_keys_found_are_the_keys_that_tomllib_finds_each_within_its_own_statement(statements, newline):
    text = ""
    before = set()
    spans = {}
    for statement in statements:
        longer = f"{text}{statement}{newline}"
        if not parses(longer):
            continue
        now = all_keys(tomllib.loads(longer))
        first = text.count("\n") + 1
        last = longer.count("\n")
        spans.update(dict.fromkeys(now - before, (first, last)))
        text, before = longer, now
    found = key_lines(text)
    assert set(found) == before
    for key, line in found.items():
        first, last = spans[key]
        assert first <= line <= last, key


@given(st.lists(st.one_of(BARE, ODD, TEXT), min_size=1, max_size=4))
def test_a_dotted_key_reads_back_as_the_key_it_was_written_from(parts):
    assert parse_key(dotted(tuple(parts))) == tuple(parts)
    assert split_assignment(f"{dotted(tuple(parts))}=x=y") == (tuple(parts), "x=y")


@given(st.text(max_size=20))
def test_no_text_is_too_odd_to_be_refused_as_a_key(text):
    try:
        key, _ = split_assignment(text)
    except ValueError:
        return
    assert key
