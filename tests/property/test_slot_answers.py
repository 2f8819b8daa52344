"""Whatever names a command has: an answer from a slot is the answer that this very line would have got."""

import string

from hypothesis import given
from hypothesis import strategies as st

from isaacd.cache.keys import Request
from isaacd.cache.plan import Kept, plan, recall
from isaacd.cache.slots import abstract, restore

NAMES = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=12)
ENDINGS = st.sampled_from(["", ".txt", ".py", ".zip", ".tar.gz", ".md"])
FILES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "./", "~/", "/tmp/", ".", "../"]),
    NAMES,
    ENDINGS,
    st.sampled_from(["", "/"]),
)
HOSTS = st.builds("{}.{}.{}.{}".format, st.sampled_from([10, 127, 172, 192, 8]), *[st.integers(0, 255)] * 3)
LOGINS = st.builds("{}@{}:{}".format, st.one_of(NAMES, st.just("root")), HOSTS, FILES)
WORDS = st.one_of(FILES, HOSTS, LOGINS, NAMES, st.sampled_from(["-v", "-p", "22", "5", "1"]))
LINES = st.builds(
    lambda name, words: " ".join([name, *words]),
    st.sampled_from(["less", "scp", "nmap", "frob"]),
    st.lists(WORDS, min_size=1, max_size=3),
)


def explain(line: str) -> str:
    """Explain a line, with remarks on values: the kind of a file, a year, a class of addresses, a known user."""
    said = []
    for word in line.split()[1:]:
        notes = [word]
        notes += [f"in the year {word[-4:]}"] if word[-4:].isdigit() else []
        notes += ["a private address"] if word.startswith(("10.", "192.168.")) else []
        notes += ["this machine"] if word.startswith("127.") else []
        notes += ["root can do all"] if "root" in word else []
        notes += ["hidden"] if word.rpartition("/")[2].startswith(".") else []
        notes += ["a directory"] if word.endswith("/") else []
        notes += ["an archive"] if word.endswith((".zip", ".gz")) else []
        notes += ["one"] if word == "1" else []
        said.append(f"'{word}': {', '.join(notes)}.")
    return f"Runs {line.split()[0]}. " + " ".join(said)


@given(st.lists(LINES, min_size=1, max_size=12))
def test_what_is_served_is_what_would_have_been_said(lines: list[str]) -> None:
    kept: dict[str, Kept] = {}
    for line in lines:
        found = plan(Request(turns=[("user", f"explain this command: {line}")], model="m"))
        hit = recall(found, kept.get)
        if hit is not None:
            assert hit[1].text == explain(line)
        else:
            answer = Kept(text=explain(line), provider="p", model="m", finish_reason="stop")
            kept.update((key, value) for _, key, value in found.entries(answer))


@given(st.text(max_size=80), st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_putting_the_same_names_back_gives_the_same_answer(answer: str, literals: list[str]) -> None:
    template = abstract(f"{answer} '{literals[0]}/' {answer}", literals)
    if template is not None:
        assert restore(template, literals) == f"{answer} '{literals[0]}/' {answer}"
