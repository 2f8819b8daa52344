"""Values are put into commands so that they stay one word, whatever they hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isaac_plugins.knowledge import cookbook, slots, template, values

COMMANDS = sorted({entry.command for entry in cookbook.read(cookbook.folder())})


def structure(command: str) -> list[str]:
    """Give words as `w`, operators as they are, and every expansion that would run something as `$(`."""
    found: list[str] = []
    quote = ""
    in_word = False
    position = 0
    while position < len(command):
        character = command[position]
        if quote == "'":
            quote = "" if character == "'" else quote
        elif character == "\\":
            in_word = True
            position += 1
        elif character == "`" or command.startswith("$(", position):
            found.append("$(")
            in_word = True
        elif quote == '"':
            quote = "" if character == '"' else quote
        elif character in "'\"":
            quote, in_word = character, True
        elif character in " \t\n();<>|&":
            found += ["w"] * in_word
            found += [character] * (character not in " \t")
            in_word = False
        else:
            in_word = True
        position += 1
    assert quote == "", f"an open quote in {command!r}"
    return found + ["w"] * in_word


@pytest.mark.parametrize(
    ("command", "given_values", "expected"),
    [
        ("find {dir=.} -size +{size=100M}", {"dir": "/var", "size": "1G"}, "find /var -size +1G"),
        ("find {dir=.} -name {glob=*.txt}", {}, "find . -name '*.txt'"),
        ("rm {file}", {}, "rm FILE"),
        ("rm {file}", {"file": "-rf"}, "rm ./-rf"),
        ("rm {file}", {"file": "a b; reboot"}, "rm 'a b; reboot'"),
        ("cat {file}", {"file": "~/my file"}, "cat ~/'my file'"),
        ("cat {file}", {"file": "$HOME/x"}, 'cat "$HOME"/x'),
        ("cat {file}", {"file": "$(reboot)"}, "cat '$(reboot)'"),
        ("cat {file}", {"file": "it's"}, "cat 'it'\"'\"'s'"),
        ("ls {files=*.txt}", {"files": "*.py"}, "ls *.py"),
        ("ls {files=*.txt}", {"files": "*;reboot"}, "ls *.txt"),
        ("kill {pid}", {"pid": "12; reboot"}, "kill PID"),
        ("ssh {user}@{host}", {"host": "-oProxyCommand=x"}, "ssh USER@HOST"),
        ("ssh {user}@{host}", {"host": "example.com", "user": "bob"}, "ssh bob@example.com"),
        ("sed 's/{old}/{new}/g' {file}", {"old": "a/b.c", "new": "x&y"}, r"sed 's/a\/b\.c/x\&y/g' FILE"),
        ("sed 's/{old}/{new}/g' {file}", {"old": "it's", "new": "n"}, "sed 's/it'\\''s/n/g' FILE"),
        ("awk '/{pattern}/'", {"pattern": "' reboot '"}, "awk '/PATTERN/'"),
        ('echo "${var=HOME}"', {"var": "PATH"}, 'echo "$PATH"'),
        ('echo "${var=HOME}"', {"var": "x`reboot`"}, 'echo "$HOME"'),
        ("watch {command='df -h'}", {"command": "ls; date"}, "watch 'ls; date'"),
        ("nohup {command=sleep 60} &", {"command": "make; reboot"}, "nohup sleep 60 &"),
        ("nohup {command=sleep 60} &", {"command": "make all"}, "nohup make all &"),
        ("awk '{print ${column=1}}'", {"column": "3"}, "awk '{print $3}'"),
        ("find . -exec ls {} \\;", {}, "find . -exec ls {} \\;"),
        ("docker inspect -f '{{end}}' {container}", {"container": "web"}, "docker inspect -f '{{end}}' web"),
        ("chmod {mode} {file}", {"mode": "-x", "file": "a"}, "chmod -x a"),
        ("echo {text}", {"text": "a\nb"}, "echo TEXT"),
    ],
)
def test_a_command_is_filled(command: str, given_values: dict[str, str], expected: str) -> None:
    assert template.fill(command, given_values).command == expected


def test_what_is_missing_and_what_is_assumed_is_told() -> None:
    filled = template.fill("cp {file} {dest} -n {count=3}", {"file": "a"})
    assert (filled.missing, filled.assumed, filled.used) == (("DEST",), ("3",), 1)


def same_structure(command: str, given_values: dict[str, str]) -> None:
    """Hold that values change only the words that they stand in; an unquoted command may be several plain words."""
    plain = structure(template.fill(command, {}).command)
    filled = structure(template.fill(command, given_values).command)
    if "command" in given_values and "{command=" in command:
        plain, filled = ([token for token in tokens if token != "w"] for tokens in (plain, filled))
    assert filled == plain


def test_the_measure_of_structure_sees_what_matters() -> None:
    assert structure("a 'b c' \"$(d)\" > e; f") == ["w", "w", "$(", "w", ">", "w", ";", "w"]


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="'\"`$(){}[]<>|&;\\ \t\n#!*?~-=/ab1.", max_size=30),
    st.sampled_from(
        [
            "; reboot",
            "$(reboot)",
            "`reboot`",
            "' ; reboot ; '",
            '" ; reboot ; "',
            "-rf",
            "a\nreboot",
            "${IFS}",
            "\\",
            "'",
            "&&",
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(COMMANDS), st.data())
def test_no_value_whatever_changes_the_structure_of_a_command(command: str, data: st.DataObject) -> None:
    names = [piece.name for piece in template.parse(command) if isinstance(piece, template.Slot)]
    same_structure(command, {name: data.draw(HOSTILE) for name in names})


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(COMMANDS),
    st.lists(
        st.one_of(
            HOSTILE,
            HOSTILE.map(lambda text: f'"{text}"'),
            HOSTILE.map(lambda text: f"'{text}'"),
            st.sampled_from(
                "find files named larger than 10 MB under /var to user group replace with port 80 in file a.txt".split()
            ),
        ),
        max_size=12,
    ).map(" ".join),
)
def test_no_question_whatever_changes_the_structure_of_a_command(command: str, question: str) -> None:
    same_structure(command, slots.assign(command, values.extract(question)))
