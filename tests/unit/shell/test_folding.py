"""Texts that code of other languages puts together are seen as they will be; what is put together is never taken for less."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaacd.shell.indirect.folding import decodes, put_together

LANGUAGES = ("python", "perl", "ruby", "node", "php", "lua", "awk")
CODE = st.lists(
    st.sampled_from(
        [*"()[]{}+.%*:;,$`\\'\"", "..", "->", "::", "=", "system", "x", "'a'", '"b"', "114", "chr", "join", "reverse", "pack", "%w[a b]",
         "qw(a b)", "map", "for", "in", "lambda", "\\x41", "[::-1]", " ", "\n", "b64decode", "0x72", "${x}", "#{x}", "exec", "eval", "x="]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [
        ("python", "import os; os.system(chr(114) + 'm' + ' x')", "rm x"),
        ("python", "a = 'r'; b = a + 'm'; c = f'{b} x'; os.system(c)", "rm x"),
        ("python", "os.system(' '.join(['rm', 'x']))", "rm x"),
        ("python", "(lambda c: os.system(c))('x mr'[::-1])", "rm x"),
        ("python", "os.system(''.join(chr(n ^ 1) for n in (115, 108, 33, 121)))", "rm x"),
        ("python", "os.execvp('rm', ['rm', 'a b'])", "rm 'a b'"),
        ("python", "a = 'r'\na += 'm x'\nos.system(a)", "rm x"),
        ("python", "exec(\"import os; os.system('r' + 'm x')\")", "rm x"),
        ("perl", 'system("r" . "m x")', "rm x"),
        ("perl", '$a = "rm"; system "$a x"', "rm x"),
        ("perl", "system qw(rm x)", "rm x"),
        ("perl", 'system(pack("C*", 114, 109))', "rm"),
        ("ruby", '`#{"r" + "m"} x`; system("x mr".reverse)', "rm x"),
        ("ruby", "exec(*%w[rm x])", "rm x"),
        ("node", 'require("child_process").execSync(["rm", "x"].join(" "))', "rm x"),
        ("node", 'const a = "rm"; require("child_process").execSync(`${a} x`)', "rm x"),
        ("php", 'system(implode(" ", ["rm", "x"]));', "rm x"),
        ("php", 'system(str_replace("Z", " ", "rmZx"));', "rm x"),
        ("lua", 'os.execute("\\114\\109" .. " x")', "rm x"),
        ("awk", 'BEGIN { system("r" "m" " x") }', "rm x"),
        ("awk", 'BEGIN { system(sprintf("%c%c x", 114, 109)) }', "rm x"),
    ],
)
def test_a_text_is_put_together(language: str, code: str, line: str) -> None:
    assert line in put_together(language, code).lines


def test_names_and_values_stand_in_the_calls() -> None:
    found = put_together("python", "import shutil; p = '/' + 'a'; getattr(shutil, 'rm' + 'tree')(p)")
    assert "shutil.rmtree('/a')" in found.code


def test_code_that_runs_nothing_holds_no_lines() -> None:
    assert put_together("python", "print('rm ' + '-rf /')").lines == ()
    assert not decodes("import base64; print(base64.b64decode('bHM='))")


@pytest.mark.parametrize(
    "code", ["os.system(base64.b64decode(x))", "exec(zlib.decompress(x))", "eval(atob(x))"]
)
def test_what_is_decoded_and_may_be_run_is_told(code: str) -> None:
    assert decodes(code)


@given(st.sampled_from(LANGUAGES), CODE | st.text(max_size=60))
@settings(max_examples=150)
def test_no_code_is_a_fault(language: str, code: str) -> None:
    put_together(language, f"system;{code}")


@pytest.mark.parametrize(
    "code",
    [
        "a=['x']\n"
        + "".join(f"a{n}=[a{n - 1},a{n - 1}]\n" for n in range(1, 60)).replace("a0", "a")
        + "os.system(a59)",
        "os.system('x'" + "*9" * 400 + ")",
        "os.system(" + "(" * 900 + "'x'" + ")" * 900 + ")",
        "system(" * 500,
        "[" * 1000 + "system",
        "x=" * 1000 + "system",
        "system(" + "'a'+" * 900 + "'b')",
    ],
)
def test_what_grows_is_cut_short(code: str) -> None:
    for language in LANGUAGES:
        found = put_together(language, code)
        assert sum(map(len, found.lines)) < 600_000
