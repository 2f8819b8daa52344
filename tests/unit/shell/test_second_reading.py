"""tree-sitter's grammar is asked about lines with faults, and no character of them can end the process."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from isaacd.shell.find import commands
from isaacd.shell.parse import Parser, _for_the_grammar

PARSER = Parser()

# Each line has a fault, so the grammar is asked; it is the brace before such a character that its scanner fell over.
ASK = """
from random import Random
from isaacd.shell.parse import Parser
parser, chance = Parser(), Random(337)
for _ in range(1500):
    char = chr(chance.randrange(0xE000, 0x110000))
    for line in (f"{{{char} ; )", f"{{1..{char}}} )", f"{{1{char} )", f"a <<{char} )"):
        assert parser.parse(line).faults
"""


def test_no_character_behind_a_brace_ends_the_process():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cs"]),
            st.integers(0xDC80, 0xDCFF).map(chr),
            st.sampled_from("{}1.é中😀"),
        )
    )
)
def test_the_grammar_sees_each_byte_where_it_is_and_no_character_that_its_tables_lack(line):
    told = _for_the_grammar(line)
    whole = line.encode("utf-8", "surrogateescape")
    assert len(told) == len(whole)
    assert max(map(ord, told.decode()), default=0) <= 0xFF
    assert all(one == other for one, other in zip(told, whole, strict=True) if other < 0x80)


def test_words_are_read_as_they_were_written():
    found = {
        item.argv for item in commands(PARSER.parse("echo {😀 中文 é; rm 'ü 😀' x )"), PARSER).invocations
    }
    assert ("rm", "ü 😀", "x") in found
