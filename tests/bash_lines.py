"""Made-up shell lines of every construct that bash has, and what real bash runs of them: nothing, for no program is on its PATH."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

BASH = shutil.which("bash")
NAMES = ("rm", "mv", "cp", "curl", "dd", "git", "tool-1", "x.y")
PIECES = (
    "a",
    "-rf",
    "x/y",
    "b=c",
    "k:v",
    "#",
    "a#b",
    "%",
    "+",
    "@",
    "1",
    "~x",
    "*.q",
    "?",
    "^",
    "=",
    "]",
    "é",
)
RESERVED = (
    "if",
    "then",
    "do",
    "done",
    "fi",
    "esac",
    "case",
    "in",
    "time",
    "for",
    "!",
    "}",
    "select",
    "function",
)


class Lines:
    """Makes lines that end soon and write only files with harmless names into the folder they run in."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._documents: list[str] = []
        self._inside = 0
        self._names = 0

    def line(self, depth: int = 3) -> str:
        """One line, with the here-documents that it needs below it."""
        self._documents = []
        text = self._list(depth)
        if self._documents:
            text += "\n" + "".join(self._documents)
            if self._random.random() < 0.5:
                text += self._list(1)
                # What the second line opened has no text below it: it would be a here-document that never ends.
        return text

    def _pick(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _many(self, make: Callable[[], str], least: int, most: int, between: str = " ") -> str:
        return between.join(make() for _ in range(self._random.randint(least, most)))

    # Words

    def word(self, depth: int = 1) -> str:
        """One word, of one to three pieces."""
        return "".join(self._piece(depth) for _ in range(self._pick_number(1, 3)))

    def _pick_number(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def _piece(self, depth: int) -> str:
        plain = (
            lambda: self._pick(PIECES[:14]).replace("#", "q#"),
            lambda: "'" + self._pick(("a b", "", "$x", "\\", '"', ";", "a\nb", "`", "# no", "$(rm)")) + "'",
            lambda: '"' + self._many(lambda: self._quoted(depth), 0, 3, "") + '"',
            lambda: (
                "\\"
                + self._pick(("a", " ", ";", "$", "\\", '"', "'", "|", "\n", "#", "{", "(", ")", "&", "<"))
            ),
            lambda: (
                "$'" + self._pick(("\\x72m", "a\\nb", "\\'", "\\u00e9", "\\101", "x", "\\\\", "a b;")) + "'"
            ),
            lambda: "{" + self._pick(("a,b", "1..3", "a", "a,{b,c}", ",x", "a..c", "", "a,'b c'")) + "}",
            lambda: self._pick(
                (
                    "$x",
                    "${x}",
                    "$1",
                    "$#",
                    "$?",
                    "$$",
                    "${x:-d}",
                    "${#x}",
                    "${x%.*}",
                    "${x//a/b}",
                    "$@",
                    "${a[0]}",
                )
            ),
            lambda: self._pick(
                ("$", "a$", "!x", "a!", "%1", "{", "a{", "}a", "[a]", "a=b", "1a", "--", "a~", ":", ",")
            ),
            lambda: self._pick(RESERVED[:12]),
        )
        if depth <= 0:
            return self._random.choice(plain)()
        nested = (
            lambda: f"$({self._inner(depth - 1)})",
            lambda: f"`{self._simple_words()}`",
            lambda: f"<({self._inner(depth - 1)})",
            lambda: f"$(( 1 + {self._pick(('2', 'x', '(3)', '$x', '1 << 2', '2 > 1', 'x[0]'))} ))",
            lambda: "${x:-" + self._pick(("a", "$(rm q)", '"a b"', "'a'", "${y:-b}", "\\}")) + "}",
        )
        return self._random.choice(plain * 2 + nested)()

    def _quoted(self, depth: int) -> str:
        options = (
            "a",
            " ",
            "$x",
            "${x}",
            "\\$",
            '\\"',
            "\\\\",
            "'",
            ";",
            "\\a",
            "#",
            "(",
            ")",
            "{a,b}",
            "$",
            "\n",
            "é",
            "\\\n",
            "&",
            "!",
        )
        if depth > 0 and self._random.random() < 0.2:
            return f"$({self._inner(depth - 1)})"
        return self._pick(options)

    def _simple_words(self) -> str:
        return f"{self._pick(NAMES)} {self._pick(PIECES[:3])}"

    # Commands

    def _inner(self, depth: int) -> str:
        self._inside += 1
        try:
            return self._pick(("", " ")) + self._list(max(depth, 0), end=False) + self._pick(("", " ", "\n"))
        finally:
            self._inside -= 1

    def _list(self, depth: int, *, end: bool = True) -> str:
        text = self._pipeline(depth)
        for _ in range(self._pick_number(0, 2 if depth else 0)):
            operator = self._pick(
                (
                    ";",
                    " ; ",
                    "&&",
                    " && ",
                    " || ",
                    "||",
                    " & ",
                    "&",
                    "\n",
                    " # note ; rm z\n",
                    ";\n",
                    " &&\n",
                    "||\n\n",
                )
            )
            if "\n" in operator and self._documents:
                operator = " ; "
            text += operator + self._pipeline(depth)
        return text + (
            self._pick(("", "", ";", " &", " # rm no", "\n")) if end and not self._documents else ""
        )

    def _pipeline(self, depth: int) -> str:
        before = self._pick(("",) * 10 + ("! ", "time ", "time -p ", "! time "))
        count = self._pick_number(1, 3) if self._random.random() < 0.3 else 1
        commands = [self._command(depth) for _ in range(count)]
        text = commands[0]
        for command in commands[1:]:
            between = self._pick((" | ", "|", " |& ", " |\n"))
            text += (" | " if self._documents else between) + command
        return before + text

    def _command(self, depth: int) -> str:
        if depth <= 0 or self._random.random() < 0.55:
            return self._simple(depth)
        make = self._random.choice(
            (
                self._group, self._subshell, self._if, self._for, self._c_for, self._while, self._case, self._test,
                self._arithmetic, self._function, self._coproc, self._select, self._eval,
            )
        )  # fmt: skip
        return make(depth - 1)

    def _simple(self, depth: int) -> str:
        parts = []
        redirect = lambda: self._redirect(depth)  # noqa: E731
        if self._random.random() < 0.15:
            parts.append(redirect())
        if self._random.random() < 0.2:
            parts.append(self._pick(("a=1", "b=", "c='x y'", f"d={self.word(depth)}", "e+=2", "f[1]=3")))
        name = self._pick(NAMES)
        parts.append(
            self._pick(
                (name,) * 6 + (f"\\{name}", f"'{name}'", f'"{name[0]}"{name[1:]}', f"{name[0]}\\\n{name[1:]}")
            )
        )
        parts += [self.word(depth) for _ in range(self._pick_number(0, 3))]
        if self._random.random() < 0.2:
            parts.insert(self._random.randint(len(parts) - 1, len(parts)), redirect())
        if self._random.random() < 0.1:
            parts.append(redirect())
        return self._pick((" ", " ", " ", "  ", " \\\n", "\t")).join(parts)

    def _redirect(self, depth: int) -> str:
        if self._random.random() < 0.25 and not self._inside and depth:
            return self._document(depth)
        return self._pick(
            (
                ">f",
                "> f",
                ">>f",
                "2>f",
                "2>&1",
                ">&2",
                "&>f",
                "&>>f",
                ">|f",
                "</dev/null",
                "2>/dev/null",
                "{v}>f",
                "3<&-",
                "<>f",
                "4>&-",
                "<<<a",
                "<<< 'x y'",
                f'<<<"{self._quoted(depth)}"',
                "0<f",
            )
        )

    def _document(self, depth: int) -> str:
        name = self._pick(("E", "EOF", "A_b", "x-y")) + str(len(self._documents))
        quote = self._pick(("", "", "'", '"', "\\"))
        typed = {"": name, "'": f"'{name}'", '"': f'"{name}"', "\\": f"\\{name}"}[quote]
        tabs = self._pick(("", "", "-"))
        texts = [
            "plain",
            "rm here",
            "$x and ${y}",
            "it's \" odd",
            "\\$x",
            "a `rm in` b",
            "$(mv one)",
            " " + name,
            name + " no",
            "<<X",
            "",
        ]
        body = "".join(
            ("\t" if tabs else "") + self._pick(texts) + "\n" for _ in range(self._pick_number(0, 3))
        )
        self._documents.append(f"{body}{self._pick(('', chr(9))) if tabs else ''}{name}\n")
        return f"<<{tabs}{self._pick(('', ' '))}{typed}"

    # Compounds

    def _end(self) -> str:
        return self._pick(("; ", ";") if self._documents else ("; ", "\n", ";\n", " & "))

    def _body(self, depth: int) -> str:
        return self._list(depth, end=False) + self._end()

    def _tail(self, depth: int) -> str:
        return self._pick(("",) * 6 + (" >f", " 2>&1", " </dev/null", ">f 2>&1"))

    def _group(self, depth: int) -> str:
        return "{ " + self._body(depth) + "}" + self._tail(depth)

    def _subshell(self, depth: int) -> str:
        return f"({self._list(depth, end=False)})" + self._tail(depth)

    def _if(self, depth: int) -> str:
        text = f"if {self._body(depth)}then {self._body(depth)}"
        if self._random.random() < 0.3:
            text += f"elif {self._body(depth)}then {self._body(depth)}"
        if self._random.random() < 0.5:
            text += f"else {self._body(depth)}"
        return text + "fi" + self._tail(depth)

    def _for(self, depth: int) -> str:
        words = self._pick(("", " in a", " in a b", f" in {self.word(depth)} c", " in"))
        if self._random.random() < 0.2:
            return f"for i{words}; {{ {self._body(depth)}}}"
        return f"for i{words}; do {self._body(depth)}done" + self._tail(depth)

    def _c_for(self, depth: int) -> str:
        # A variable of its own, which no inner loop sets back.
        self._names += 1
        i = f"i{self._names}"
        if self._random.random() < 0.3:
            return f"for (({i}=0;{i}<2;{i}++)) {{ {self._body(depth)}}}"
        return f"for (( {i}=0; {i}<2; {i}++ )); do {self._body(depth)}done" + self._tail(depth)

    def _while(self, depth: int) -> str:
        if self._random.random() < 0.5:
            return f"while {self._body(depth)}do {self._body(depth)}break; done" + self._tail(depth)
        return f"until {self._body(depth)}do {self._body(depth)}break; done" + self._tail(depth)

    def _select(self, depth: int) -> str:
        return f"select s in a b; do {self._body(depth)}break; done <<<1"

    def _case(self, depth: int) -> str:
        items = ""
        for _ in range(self._pick_number(1, 3)):
            pattern = self._pick(
                (
                    "a",
                    "a|b",
                    "*",
                    "'x y'",
                    "[a-c]*",
                    "$x",
                    '"$x"',
                    "a | b",
                    "?)".rstrip(")"),
                    "esac1",
                    "-*",
                    "+([0-9])",
                    "in",
                )
            )
            items += (
                self._pick(("", "(")) + pattern + ")" + self._pick((" ", "")) + self._list(depth, end=False)
            )
            items += self._pick((" ;;", ";;", " ;& ", ";;&")) + self._pick(
                (" ",) if self._documents else (" ", "\n")
            )
        return f"case {self.word(0)} in {items}esac"

    def _test(self, depth: int) -> str:
        inner = self._pick(
            (
                "-n a",
                "a == b*",
                "$x =~ ^(a|b)$",
                "-z $x && -n b",
                "! -e f",
                "( a < b )",
                f"-n $({self._inner(depth)})",
                "a = 'b c'",
                "-f f || b != @(a|b)",
                "$x -gt 1",
                "x =~ [[:space:]]+",
            )
        )
        return f"[[ {inner} ]]"

    def _arithmetic(self, depth: int) -> str:
        return self._pick(
            (
                "((1+1))",
                "(( x = 2 ))",
                f"(( 1 + $({self._inner(depth)}) ))",
                "((x++))",
                "(( 1 > 0 && 2 < 3 ))",
                "let 'x=1'",
            )
        )

    def _function(self, depth: int) -> str:
        # A name of its own each: none calls itself, so that every line ends.
        self._names += 1
        name = self._pick(("f", "g-h", "k.l")) + str(self._names)
        form = self._pick(
            (f"{name}() ", f"{name} () ", f"function {name} ", f"function {name}() ", f"{name}()\n")
        )
        if self._documents:
            form = form.replace("\n", " ")
        body = self._random.choice(
            (self._group, self._subshell, self._if, self._for, self._while, self._case, self._test)
        )(depth)
        return f"{form}{body}; {name}"

    def _coproc(self, depth: int) -> str:
        return self._pick(
            (
                f"coproc {self._group(depth)}",
                f"coproc CO {self._group(depth)}",
                f"coproc ({self._list(depth, end=False)})",
            )
        )

    def _eval(self, depth: int) -> str:
        return self._pick(
            ("eval rm q", "eval 'mv a; rm b'", "command rm k", "builtin eval 'rm w'", "r=rm; $r x", 'r="rm -x"; $r', "export r=cp; $r y", "trap 'rm t' EXIT", "declare -a a=(x $(rm y))", "declare -A m=([a]=1 [b]=$(rm q))", "a=(1 $(rm e) 'b c')", "set -- a b; rm $1", "a+=(x)", "readonly z=$(rm v)")
        )  # fmt: skip


# One write a command: what is run in the background must not get in between, and bash writes at each newline.
_TRACER = r"""
command_not_found_handle() {
  { printf '%s\0' "$number" "$#" "${@//$'\n'/$'\001'}"; } >&9
  return $(( RANDOM % 2 ))
}
number=0
for line; do
  ( set --; FUNCNEST=9; RANDOM=$number; x=xv; y='y v'; eval "$line"; wait ) >/dev/null 2>&1 </dev/null
  number=$((number + 1))
done
"""


def run_by_bash(lines: Sequence[str], folder: Path) -> list[list[tuple[str, ...]]]:
    """Return for each line the argv of each command that bash would have run, none of which it finds."""
    assert BASH is not None
    trace = folder / "trace"
    with trace.open("ab") as opened:
        running = subprocess.Popen(
            [
                BASH,
                "--norc",
                "--noprofile",
                "-O",
                "extglob",
                "-c",
                f"exec 9>&{opened.fileno()}\n{_TRACER}",
                "bash",
                *lines,
            ],
            env={"PATH": str(folder / "nothing"), "LC_ALL": "C.UTF-8"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[opened.fileno()],
            start_new_session=True,
        )
        try:
            running.wait(timeout=90)
        finally:
            # Nothing that a line has left behind lives on.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    return _read_trace(trace.read_bytes().decode("utf-8", "surrogateescape"), len(lines))


def _read_trace(text: str, count: int) -> list[list[tuple[str, ...]]]:
    ran: list[list[tuple[str, ...]]] = [[] for _ in range(count)]
    fields = iter(text.replace("\x01", "\n").split("\0")[:-1])
    for number in fields:
        ran[int(number)].append(tuple(next(fields) for _ in range(int(next(fields)))))
    return ran


def accepted_by_bash(lines: Iterable[str]) -> list[bool]:
    """Say of each line whether `bash -n` finds no mistake in it."""
    assert BASH is not None
    program = (
        'for line; do if "$BASH" -O extglob -n -c "$line" 2>/dev/null; then echo 1; else echo 0; fi; done'
    )
    done = subprocess.run(
        [BASH, "-c", program, "bash", *lines], capture_output=True, text=True, timeout=120, check=True
    )
    return [said == "1" for said in done.stdout.split()]
