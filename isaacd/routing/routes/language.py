"""Questions: `isaac ...`, `? ...`, and lines that are plainly a sentence and no command."""

from isaacd.routing.asked import Asked
from isaacd.routing.names import KEYWORDS
from isaacd.routing.route import Changed, Route
from isaacd.routing.routes.tongues import foreign

_CALLS = frozenset(("isaac", "isaac,", "isaac:", "Isaac", "Isaac,", "Isaac:", "?", "??"))
MAX_CHARS = 1000
# Signs that sentences have as well, where a shell would see syntax or a pattern.
_ENDS = ".,:;!?"
_ASKS = frozenset(
    "how what why where when who whom whose which can could should would will is are am was were does did do may must "
    "what's whats how's where's who's isn't aren't doesn't please explain describe tell show give help suggest "
    "i i'm i'd my we let's lets there hello hi hey thanks thank".split()
)
_VERBS = frozenset(
    "add append archive back calculate change check clean clear close combine compare compile compress compute connect "
    "convert copy count create decompress delete determine disable display download edit empty enable encrypt ensure "
    "erase execute extract fetch figure filter find fix format generate get go identify ignore insert install join keep "
    "cut kill limit list load locate log look lookup make merge modify monitor mount move open output overwrite pack pass "
    "perform ping play print process prompt pull push put query read recursively redirect remove rename repeat replace "
    "report request reset restart restore retrieve return reverse run save scan search see select send set setup show "
    "sleep sort split start stop store strip sum switch synchronize take test trace transfer translate turn uncompress "
    "undo unpack unset unzip update upgrade upload use view wait watch write zip".split()
)
# Words that hold sentences together, and that hardly any command is given.
_JOINS = frozenset(
    "a an the all any every each some of in into on onto to from for with without within by at as and or but that "
    "which whose who is are was were be been being has have had do does did not no their its it this these those my "
    "your our than then if when while where only also contain contains containing named called under below above "
    "between before after there here i me we you they them how what why more less most least can should "
    "about inside recursively there's don't doesn't using matching ending starting beginning except".split()
)
_ARTICLES = frozenset("a an the all any every each my your our their this that these those me".split())
_SYNTAX = KEYWORDS - {"select"}
# Commands that are given sentences as they are.
_TAKES_SENTENCES = frozenset(
    "echo printf say espeak figlet toilet cowsay wall write print git svn hg man apropos tldr isaacctl logger notify-send "
    "mail mailx grep egrep fgrep rg ag ack alias export read exit true false banner for case task todo note expr test [ "
    "jrnl gh".split()
)


class Language:
    """Takes what is said to a person rather than to a shell."""

    name = "language"

    def look(self, asked: Asked) -> Route | Changed | str:
        """Look for the call, then for a sentence; whoever means a command all the same writes `!!` before it."""
        if asked.forced:
            return "the line is forced"
        first = asked.first
        if first in _CALLS and not (first.isalpha() and first in asked.machine.programs):
            question = asked.text[len(first) :].strip()
            if not question:
                return f"nothing stands behind {first}"
            return Route(
                kind="question", typed=asked.typed, question=question, because=f"it begins with {first}"
            )
        if first.startswith("?") and first[1:2].isalpha():
            question = asked.text[1:].strip()
            return Route(kind="question", typed=asked.typed, question=question, because="it begins with ?")
        why = sentence(asked.text, is_command=asked.exists(first) or first in asked.settings.aliases)
        if why is None:
            return "it is no plain sentence"
        return Route(kind="question", typed=asked.typed, question=asked.text, because=why)


def sentence(text: str, *, is_command: bool) -> str | None:
    """Say why a line is plainly a sentence; None if it may be meant for the shell.

    `is_command` says that its first word could be run. Then more has to speak for a sentence: an article or its like,
    and two further words that only hold sentences together.
    """
    if len(text) > MAX_CHARS or "\n" in text:
        return None
    words = text.split()
    if not text.isascii() and not is_command and words and not _has_shell_word(words):
        why = foreign(words, text)
        if why is not None:
            return why
    if len(words) < 3 or words[0] in _SYNTAX or words[0] in _TAKES_SENTENCES:
        return None
    if _is_shell(words):
        return None
    said = [word.strip(_ENDS + "\"'()").lower() for word in words]
    joins = [word for word in said[1:] if word in _JOINS]
    if is_command:
        many = len(joins) >= 3 and len(words) >= 5 and any(word in _ARTICLES for word in said[1:])
        starts = said[0] in _VERBS or said[0] in _ASKS
        least = 5 if said[1] == "the" else 6
        many = many or (said[1] in _ARTICLES and len(joins) >= 2 and len(words) >= least)
        if (
            said[0] in _ASKS
            and text.endswith("?")
            and len(words) >= 4
            and all(_is_word(word) or word.isdigit() for word in said)
        ):
            return f"it is a sentence: it begins with {words[0]} and ends with a question mark"
        return f"it is a sentence: {', '.join(joins[:3])} hold it together" if many and starts else None
    if said[0] in _ASKS and (joins or text.endswith("?")):
        return f"it is a sentence: it begins with {words[0]}"
    if said[0] in _VERBS and joins:
        return f"it is a sentence: it begins with the verb {words[0]}, and {joins[0]} holds it together"
    if text.endswith("?") and joins:
        return "it is a sentence: it ends with a question mark"
    if len(joins) >= 2 and len(words) >= 4 and all(_is_word(word) for word in said[:3]):
        return f"it is a sentence: {', '.join(joins[:3])} hold it together"
    return foreign(words, text)


def _is_shell(words: list[str]) -> bool:
    """Say whether a line is told to a shell by a word of it, or by how its first one looks."""
    first = words[0]
    if _has_shell_word(words) or (first == "select" and words[2] == "in"):
        return True
    return not _is_word(first.rstrip(_ENDS).lower()) or (first.endswith(".") and len(first) < 3)


def _has_shell_word(words: list[str]) -> bool:
    """Say whether a word is what only a shell is told: an option, an operator, a variable, an assignment."""
    for place, word in enumerate(words):
        if word[0] == "-" and len(word) > 1 and (place < 3 or len(word) > 2):
            return True
        if word in ("|", "||", "&", "&&", ">", ">>", "<", "<<", ";", "\\"):
            return True
        if "$(" in word or ("=" in word[1:] and word.partition("=")[0].isidentifier() and place == 0):
            return True
        if word.endswith(";") and place < 2:
            return True
    return False


def _is_word(word: str) -> bool:
    return bool(word) and word.replace("'", "").replace("-", "").replace("’", "").isalpha()
