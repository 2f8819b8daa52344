"""What was said, as a terminal may show it: no text of a conversation steers it or hides behind a colour."""

import pytest

from isaac_plugins.chat.views import show_found, show_list, show_roles, show_text, show_turns
from isaacd.api import ChatFound, ChatListed, RoleCard, Terminal, TurnCard

EVIL = "a\x1b[8mhidden\x1b[30m\x1b[2J"
TTY = Terminal(stdout=True, color=False)
SHOWN = [
    lambda terminal: show_turns(
        [TurnCard(number=1, follows=None, role="assistant", text=EVIL, at=0, by=EVIL, broken=EVIL)], terminal
    ),
    lambda terminal: show_found([ChatFound(chat="c", turn=1, role="user", at=0, text=EVIL)], terminal),
    lambda terminal: show_list(
        [ChatListed(name="c", used_at=0, role=None, model=None, asked=1, last_question=EVIL)], terminal
    ),
    lambda terminal: show_roles([RoleCard(name="r", description=EVIL, text=EVIL, file=EVIL)], terminal),
    lambda terminal: show_text(EVIL, terminal),
]


@pytest.mark.parametrize("show", SHOWN)
def test_no_sequence_of_stored_text_reaches_a_terminal(show):
    assert "\x1b" not in show(TTY)
    assert "␛[8m" in show(TTY)


@pytest.mark.parametrize("show", SHOWN)
def test_a_pipe_gets_text_as_it_is(show):
    assert EVIL in show(Terminal())
