"""The page says what to do on the page: no command line, in none of its languages (page 5.4)."""

import re
from functools import cache

import pytest
from babel.messages.catalog import Message

from satchel.cli.parser import build_parser
from satchel.web.owner import speech
from satchel.web.owner.reworded import ON_THE_PAGE
from satchel.web.owner.speech import CODES, TOLD
from satchel.web.owner.telling import tell
from web.sentences import commands, told
from web.test_words import originals, texts
from web.wording import LANGUAGES, extract, written

ANOTHER_PROFILE = "which profile is used is said where Satchel is started, and a damaged one is mended there"
NEVER_ASKED = "the page gives no such options, and its jobs say who does what"
ASKED_ALREADY = "the page asks by itself, and answers its job"
INSTALLED = "how Satchel was installed is mended where it was done"
KEPT = {  # what can only be done at a command line, or is never said on the page
    "Let it go on, or stop it: satchel lock": "of a file that locks the profile: said before there is a page",
    "Move it away, if you know whose it is. Else use another profile (--home).": ANOTHER_PROFILE,
    "Move that file out of the profile, or use another profile (--home).": ANOTHER_PROFILE,
    "Make the disk writable; or copy that folder to another disk, and name it (--home).": ANOTHER_PROFILE,
    "Look whose it is, and use another folder with --home if it is not yours.": ANOTHER_PROFILE,
    "Put the file `data` back, or restore a backup elsewhere (--home), or destroy what is left: satchel"
    " wipe": ANOTHER_PROFILE,
    "Put the file `key` back, or restore a backup elsewhere (--home), or destroy what is left: satchel"
    " wipe": ANOTHER_PROFILE,
    "Name the file that satchel backup made, or another copy of it.": ANOTHER_PROFILE,
    "Restore a backup, or use another profile (--home).": ANOTHER_PROFILE,
    "Start again; if it stays, use another profile (--home).": ANOTHER_PROFILE,
    "Use another disk (--home).": ANOTHER_PROFILE,
    "Use that newer Satchel, or another profile (--home).": ANOTHER_PROFILE,
    "See which one: ss -ltnp 'sport = :%(port)s'. Choose another, or leave --port out.": (
        "said to who starts Satchel with a port of their own"
    ),
    "Add this to the kernel's command line, and restart, where the kernel was built with it.": (
        "a setting of the machine: the line is shown below it"
    ),
    "pip install --force-reinstall apsw-sqlite3mc": INSTALLED,
    "pip install --force-reinstall apsw-sqlite3mc, and begin with a new profile (--home).": INSTALLED,
    "pip uninstall apsw, then pip install --force-reinstall apsw-sqlite3mc": INSTALLED,
    "satchel pair": "stands in a sentence that is reworded",
    "satchel send": "stands in a sentence that is reworded",
    "satchel contacts forget --yes does not ask.": ASKED_ALREADY,
    "satchel delete --yes does not ask.": ASKED_ALREADY,
    "satchel history clear --yes does not ask.": ASKED_ALREADY,
    "satchel send PATH --to NAME --later": NEVER_ASKED,
    "--at goes with --take, and --png with --show: satchel pair --help": NEVER_ASKED,
    "--both goes with one contact.": NEVER_ASKED,
    "The order of a shelf goes with --shelf.": NEVER_ASKED,
    "satchel library remove --yes does not ask.": ASKED_ALREADY,
    "satchel shelf %(action)s --yes does not ask.": ASKED_ALREADY,
    "satchel inbox NAME --both": NEVER_ASKED,
    "satchel inbox NAME --both --last 20": NEVER_ASKED,
    "--last and --skip go with --both.": NEVER_ASKED,
    "--for goes with something to send.": NEVER_ASKED,
    "--from goes without --resume and --at.": NEVER_ASKED,
    "--later goes with --to.": NEVER_ASKED,
    "--to goes with something to send, and without --for.": NEVER_ASKED,
    "For several contacts, once for each: satchel send PATH --to NAME": NEVER_ASKED,
    "Give another name; or, if it is the same person again, no --name: you are asked at the end. A script"
    " forgets the old contact first: satchel contacts forget": NEVER_ASKED,
    "On one device satchel pair --show, on the other one satchel pair --take.": NEVER_ASKED,
    "What is unfinished with a contact goes on by itself. To dial an address: satchel meet --at": NEVER_ASKED,
    "Without --into; or start it with another one: satchel lock, satchel up --into DIR": NEVER_ASKED,
}
NAVIGATION = ("Near", "People", "Waiting", "Safety", "Settings")
FIELD = re.compile(r"%\((\w+)\)s")
TYPED = r"(?<![\w-])--[a-z]|\bcommands?\b|\bscripts?\b|standard input|\bempty line\b|%\(said_command\)s"


@cache
def command_line() -> re.Pattern[str]:
    """What only a command line has: its commands, its options, and words about it."""
    subcommands = next(action.choices for action in build_parser()._actions if action.dest == "command")
    assert subcommands is not None
    return re.compile(rf"\bsatchel ({'|'.join(map(re.escape, subcommands))})\b|{TYPED}")


def names_a_command(sentence: str) -> bool:
    return command_line().search(sentence) is not None


def sentences() -> set[str]:
    """All that the page may be told."""
    return {*told(), *commands()}


@pytest.mark.parametrize(
    "sentence",
    [
        "To see the names: satchel contacts list",
        "satchel lock, and satchel up without it",
        "Use another disk (--home).",
        "--later goes with --to.",
        "Run %(said_command)s again for a new code.",
    ],
)
def test_a_command_line_is_seen(sentence: str) -> None:
    assert names_a_command(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "a name at the top never starts with .satchel-",
        "Satchel sends nothing with it.",
        "They are there - now.",
    ],
)
def test_what_is_none_is_not_taken_for_one(sentence: str) -> None:
    assert not names_a_command(sentence)


def test_whatever_names_a_command_is_said_otherwise_on_the_page() -> None:
    naming = {sentence for sentence in sentences() if names_a_command(sentence)}
    assert not naming - set(ON_THE_PAGE) - set(KEPT)
    assert not set(KEPT) - naming  # none stands there for nothing
    assert not set(KEPT) & set(ON_THE_PAGE)


def test_only_what_is_said_somewhere_is_said_otherwise() -> None:
    assert set(ON_THE_PAGE) <= sentences()


@pytest.mark.parametrize("code", CODES)
def test_no_command_is_on_the_page(code: str) -> None:
    for english, other in speech.sentences(code):
        assert english in KEPT or not names_a_command(other), english
    for message in extract() if code == "en" else written(code):
        for form in originals(message) if code == "en" else texts(message):
            is_told = message.context == TOLD or is_of_books(message)
            assert is_told or not names_a_command(FIELD.sub("", form)), form


def is_of_books(message: Message) -> bool:
    """Said by who shows books, which may have scripts of their own."""
    return bool(message.locations) and all(place.startswith("reading/") for place, _ in message.locations)


def test_what_is_said_instead_asks_for_nothing_else() -> None:
    for said, instead in ON_THE_PAGE.items():
        assert set(FIELD.findall(instead)) <= set(FIELD.findall(said)), said


@pytest.mark.parametrize("code", LANGUAGES)
def test_places_are_called_as_in_the_navigation(code: str) -> None:
    """Else nobody finds them."""
    translated = speech.language(code).catalogue.gettext
    for instead in ON_THE_PAGE.values():
        for place in NAVIGATION:
            named = re.search(rf"\b{place}\b", instead) is not None
            quoted = re.search(rf"[«“]\u202f?{translated(place)}\u202f?[»”]", translated(instead)) is not None
            assert named == quoted, instead


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", "What was accepted can go on within seven days: see Waiting."),
        ("es", "Lo que se aceptó puede seguir durante siete días: mira en «En espera»."),
        ("ar", "ما قُبل يمكن أن يُستأنف خلال سبعة أيام: انظر «في الانتظار»."),
    ],
)
def test_it_is_told_so_in_english_too(code: str, said: str) -> None:
    sentence = (
        "What was accepted can go on within seven days: satchel send without a path, and satchel receive"
        " --resume."
    )
    assert tell(code, sentence).plain == said
    assert tell(code, sentence).code == code


def test_a_field_that_is_not_wanted_any_more_is_left_out() -> None:
    sentence = "Somebody on this network may be trying codes. Run satchel pair again for a new code."
    assert tell("en", sentence).plain == (
        "Somebody on this network may be trying codes. Begin once more, with a new code."
    )


def test_one_that_keeps_its_field_isolates_it() -> None:
    """G: whatever stands in it."""
    html = str(tell("en", "Satchel made a mistake (<b>), and this command ended.").html)
    assert html == (
        'Satchel made a mistake (<bdi dir="auto">&lt;b&gt;</bdi>), and what you began here has ended.'
    )
