"""What people see and answer when they pair: names escaped, words a line each, and no answer is no yes."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from satchel.cli.language import own_language
from satchel.cli.settling import Answer, Settling, compare
from satchel.cli.show import JsonShow, PersonShow
from satchel.cli.show_pairing import PairingShow
from satchel.core.identity.comparison import Comparison, Language
from satchel.core.identity.pair import Proof
from satchel.core.pairing.effects import Paired
from satchel.errors import AccessDenied
from satchel.node import events
from satchel.node.entropy import SystemEntropy
from satchel.node.pairing.events import Met, PictureReady, ScannedAgain
from satchel.node.pairing.keeping import Keeper
from satchel.ports.queue import QueueState
from satchel.store.contacts import SqliteContacts
from satchel.store.database import Database
from satchel.store.queue import SqliteQueue
from store.contact_samples import contact
from store.queue_samples import SECOND, queued

WORDS = Comparison(secret=bytes(16), language=Language.PERSIAN)
EVIL = "\N{RIGHT-TO-LEFT OVERRIDE}anima"
Typing = Callable[[str], None]


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typing]:
    """Lines of a script on standard input."""
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)

    def give(lines: str) -> None:
        os.write(writing, lines.encode())
        os.close(writing)

    yield give
    os.dup2(before, 0)
    for descriptor in (reading, before):
        os.close(descriptor)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.in_memory()
    yield opened
    opened.close()


@pytest.fixture
def contacts(database: Database) -> SqliteContacts:
    return SqliteContacts(database, salt=bytes(32))


@pytest.fixture
def queue(database: Database) -> SqliteQueue:
    return SqliteQueue(database)


def settled(
    contacts: SqliteContacts, queue: SqliteQueue, *, proposed: str = "Amina", yes: bool = False
) -> Settling:
    """A contact that was just met by picture, and what the person decided."""
    show = PersonShow()
    keeper = Keeper(contacts, SystemEntropy(), PairingShow(show).hear, name=None)
    pair = contact(proof=Proof.UNVERIFIED, seed=40).pair
    keeper.keep(Paired(pair=pair, comparison=WORDS, name=proposed, takers=2), taker=b"")
    settling = Settling(show, contacts, queue, yes=yes, is_named=False)
    settling.settle(keeper)
    return settling


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("y", Answer.SAME),
        ("NO", Answer.DIFFERENT),
        *((typed, Answer.LATER) for typed in ("later", "", "yes, I think", None)),
    ],
)
def test_p2_only_a_yes_is_a_yes(typing: Typing, typed: str | None, answer: Answer) -> None:
    typing("" if typed is None else f"{typed}\n")
    assert compare(PersonShow(), WORDS, yes=False) is answer


def test_words_stand_on_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Side by side, a terminal turns the order of Arabic and Persian ones."""
    compare(PersonShow(), WORDS, yes=True)
    assert capsys.readouterr().out.split() == [
        part for number, word in enumerate(WORDS.parts(), 1) for part in (str(number), word)
    ]


def test_p2_no_forgets_at_once(contacts: SqliteContacts, queue: SqliteQueue, typing: Typing) -> None:
    typing("no\n")
    with pytest.raises(AccessDenied, match="not the same"):
        settled(contacts, queue)
    assert not contacts.all()


def test_yes_verifies_and_the_name_is_the_persons(
    contacts: SqliteContacts, queue: SqliteQueue, typing: Typing
) -> None:
    typing("yes\nMy sister\n")
    done = settled(contacts, queue).contact
    assert done == contacts.all()[0]
    assert (done.name, done.pair.proof, done.comparison) == ("My sister", Proof.WORDS_COMPARED, None)


def test_no_answer_leaves_it_unverified_with_its_words(
    contacts: SqliteContacts, queue: SqliteQueue, typing: Typing
) -> None:
    typing("")
    done = settled(contacts, queue).contact
    assert done is not None
    assert (done.name, done.pair.proof, done.comparison) == ("Amina", Proof.UNVERIFIED, WORDS)


@pytest.mark.parametrize("again", ["y", "no", ""])
def test_only_the_person_says_that_it_is_the_same_person(
    contacts: SqliteContacts, queue: SqliteQueue, typing: Typing, again: str
) -> None:
    """Pairing 10.2: a name is no proof, and no old contact goes without a yes."""
    contacts.add(contact())
    typing(f"later\nAmina\n{again}\n")
    done = settled(contacts, queue, proposed="Amina").contact
    assert done is not None
    names = [known.name for known in contacts.all()]
    assert (names, done.name) == ((["Amina"], "Amina") if again == "y" else (["Amina", "Amina 2"], "Amina 2"))


@pytest.mark.parametrize(
    ("old", "words", "inherits"),
    [
        (Proof.CODE, "yes", True),
        (Proof.CODE, "later", False),
        (Proof.UNVERIFIED, "later", True),
        (Proof.UNVERIFIED, "yes", True),
    ],
)
def test_p2_what_waits_for_a_verified_one_goes_to_no_unverified_one(
    contacts: SqliteContacts,
    queue: SqliteQueue,
    typing: Typing,
    capsys: pytest.CaptureFixture[str],
    old: Proof,
    words: str,
    inherits: bool,
) -> None:
    """Whoever sits between two people who pair again gets nothing of what was meant for the one before."""
    contacts.add(contact(proof=old))
    queue.add(queued())
    queue.add(replace(queued(SECOND), state=QueueState.DECLINED))
    typing(f"{words}\nAmina\ny\n")
    done = settled(contacts, queue, proposed="Bilal").contact
    assert done is not None
    assert contacts.all() == [done]
    assert [found.contact for found in queue.all()] == ([done.id] * 2 if inherits else [])
    goes = "will wait for this one" if inherits else "will not go"
    assert f"1 thing that waited for it {goes}." in capsys.readouterr().err


def test_a_proposed_name_is_escaped_wherever_it_is_shown(
    contacts: SqliteContacts, queue: SqliteQueue, typing: Typing, capsys: pytest.CaptureFixture[str]
) -> None:
    """CVE-2022-46165, CVE-2023-43620: a name of another person reaches no terminal as it is."""
    typing("later\n\n")
    assert settled(contacts, queue, proposed=EVIL).contact is not None
    seen = capsys.readouterr()
    assert EVIL[0] not in seen.out + seen.err
    assert "\\u{202e}anima" in seen.err
    assert "UNVERIFIED" in seen.err


def test_p2_a_second_taker_is_shown_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    screen = PairingShow(PersonShow())
    screen.hear(ScannedAgain(takers=3))
    screen.hear(Met(contact=replace(contact(), name=EVIL), proposed="", takers=3))
    seen = capsys.readouterr().err
    assert seen.count("3 devices have scanned this picture") == 2


def test_the_picture_and_the_code_stand_on_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Piped, the text stands for the picture: a script or a printer may draw it."""
    screen = PairingShow(PersonShow())
    screen.hear(PictureReady(text="SATCHEL:AB"))
    screen.hear(events.CodeReady(code="482 apple river stone"))
    assert not capsys.readouterr().out
    screen.hear(events.Listening(addresses=("192.168.1.5:40000",)))
    seen = capsys.readouterr()
    assert seen.out == "SATCHEL:AB\n    482 apple river stone\n"
    assert "satchel pair --take --at 192.168.1.5:40000" in seen.err
    screen.hear(PictureReady(text="SATCHEL:CD"))
    assert capsys.readouterr().out == "SATCHEL:CD\n"


def test_a_script_gets_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show = JsonShow()
    PairingShow(show).hear(Met(contact=contact(), proposed=EVIL, takers=1))
    show.close()
    line = capsys.readouterr().out
    assert '"contact": "Amina", "name": "\\u202eanima", "verified": true, "takers": 1' in line


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "fr_FR.UTF-8"}, Language.FRENCH),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "es"}, Language.SPANISH),
        ({"LC_MESSAGES": "fa_IR.UTF-8", "LANG": "C"}, Language.PERSIAN),
        ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, Language.ENGLISH),
        ({"LANG": "fr_FR.UTF-8", "TERM": "linux"}, Language.FRENCH),
        ({"LANG": "fil_PH.UTF-8"}, Language.ENGLISH),
        ({"LANG": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "frp"}, Language.ENGLISH),
    ],
)
def test_the_language_of_the_words(environment: dict[str, str], language: Language) -> None:
    assert sys.stdout.encoding.lower() == "utf-8"
    assert own_language(environment) is language


def test_p2_a_yes_counts_for_the_words_that_were_shown(
    contacts: SqliteContacts, queue: SqliteQueue, typing: Typing, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same taker comes again while the person looks at the words: the new ones are asked about."""
    typing("yes\nno\n")
    show = PersonShow()
    keeper = Keeper(contacts, SystemEntropy(), PairingShow(show).hear, name="Amina")
    first, second = (contact(proof=Proof.UNVERIFIED, seed=seed).pair for seed in (40, 60))
    keeper.keep(Paired(pair=first, comparison=WORDS, name="", takers=1), taker=b"t")
    settle, other = keeper.settle, replace(WORDS, secret=bytes(15) + b"\xff", language=None)

    def come_again(met: Met) -> bool:
        if not met.again:
            again = Paired(pair=second, comparison=other, name="", takers=1, replaces=True)
            keeper.keep(again, taker=b"t")
        return settle(met)

    keeper.settle = come_again  # type: ignore[method-assign]
    with pytest.raises(AccessDenied):
        Settling(show, contacts, queue, yes=False, is_named=True).settle(keeper)
    assert not contacts.all()
    seen = capsys.readouterr().out
    for part in (*WORDS.parts(), *other.parts()):
        assert part in seen
