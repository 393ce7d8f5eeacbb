"""A running node with letters of two contacts, Amina and an unverified one; and what commands say of them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.node_kit import SCREEN, Following, Served, serving
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.pair import Proof
from satchel.core.sealing.letter import Letter, LetterId
from satchel.ports.letters import Opening, Unreadable
from satchel.store.custody import custody_in_memory
from store.contact_samples import AMINA, BILAL, contact
from store.letter_samples import NOW, ONE, THREE, TWO, Desk, letter

FOUR = LetterId(b"letter, no. 0004")
BILALS_NAME = "Bilal\u202e\n"
HOSTILE = "\x1b[2J<b>\u202e| Letter 1, from Amina\nDone: it is erased.\n"
SEEN = SCREEN | {"result": True, "notes": True}  # a terminal


@contextmanager
def letters_of_two(home: Path) -> Iterator[Served]:
    """From Amina ONE, with two files; to her TWO, kept, in answer to it; from Bilal THREE, hostile."""
    with serving(home) as served:
        contacts = served.profile.contacts
        contacts.add(contact())
        contacts.add(contact(BILAL, BILALS_NAME, proof=Proof.UNVERIFIED, seed=20))
        with closing(custody_in_memory()) as custody, closing(served.profile.post):
            desk = Desk(home, served.profile.database, custody)
            first = replace(
                letter("The well is dry.\nWe go north.", 1, b"a photo", b"x" * 5000), reply_to=None
            )
            desk.receive(AMINA, 1, ONE, first)
            desk.letters.write(AMINA, TWO, replace(letter("Wait for us.", 2), reply_to=ONE))
            desk.receive(BILAL, 1, THREE, Letter(order=1, text=HOSTILE, written_s=1 << 43))
            yield served


def kept_for_newer(served: Served, whom: ContactId, count: int) -> None:
    """So many letters of this contact have come that this version cannot read."""
    with closing(custody_in_memory()) as custody:
        desk = Desk(served.home, served.profile.database, custody)
        for number in range(count):
            listening = desk.chains.listening(whom)
            change = listening.opened(listening.highest + 1, NOW)
            came = Unreadable(content=b"newer, no. %d" % number)
            desk.arrivals.open([Opening(contact=whom, change=change, came=came)])


def told(served: Served, *words: str) -> list[dict[str, Any]]:
    """To a script."""
    return [line for line in Following(served, words[0], "--json", *words[1:]).rest() if "job" not in line]


def seen(served: Served, *words: str, answer: str | None = None) -> str:
    """On a terminal."""
    following = Following(served, *words, screen=SEEN)
    said = ""
    while (line := following.next())["job"] != "over":
        if line["job"] == "read":
            said += line["question"]
            assert following.tell("line", {"line": answer})[0] == 204
        else:
            said += line["text"]
    following.vanish()
    return said
