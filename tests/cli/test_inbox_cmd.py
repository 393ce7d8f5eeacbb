"""`satchel inbox` and `outbox`: what has come and what becomes of own ones, with nothing of a stranger's on
the terminal but behind a frame (M3, M4; cli 1.17)."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.letters_kit import BILALS_NAME, FOUR, HOSTILE, kept_for_newer, letters_of_two, seen, told
from cli.node_kit import SCREEN, Following, Served
from satchel.cli import letter_list
from satchel.cli.letter_list import (
    chosen,
    letters_in,
    preview,
    state_of,
    what_of,
    when,
)
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import Attachment, Letter, LetterId
from satchel.errors import MisuseError
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import StoredAttachment, StoredLetter
from satchel.store.custody import custody_in_memory
from satchel.store.letters import PREVIEW_CHARACTERS
from store.contact_samples import AMINA, BILAL
from store.letter_samples import NOW, ONE, THREE, TWO, Desk, letter


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with letters_of_two(tmp_path / "profile") as running:
        yield running


def stored(**other: object) -> StoredLetter:
    usual = StoredLetter(contact=AMINA, id=ONE, state=LetterState.UNDER_WAY, order=1, text="Hello")
    return replace(usual, **other)  # type: ignore[arg-type]


def receive(served: Served, whom: ContactId, id: LetterId, written: Letter) -> None:
    with closing(custody_in_memory()) as custody:
        Desk(served.home, served.profile.database, custody).receive(whom, 2, id, written)


def test_a_person_sees_what_came_and_from_whom(served: Served) -> None:
    """No text and no name can be taken for what the program says; the year 280,000 is none."""
    lines = seen(served, "inbox").splitlines()
    written = f"{datetime.fromtimestamp(NOW.time_s, UTC).astimezone():%Y-%m-%d %H:%M}"
    assert lines[:5] == [
        f"   1  {written}  from Amina",
        "      2 files, 5.0 kB",
        "      | The well is dry. ...",
        "   3                    from UNVERIFIED Bilal\\u{202e}\\u{a}",
        "      | \\u{1b}[2J<b>\\u{202e}| Letter 1, from Amina ...",
    ]
    assert "satchel inbox show NUMBER" in lines[6]
    assert lines[-1] == "2 letters in the inbox."


def test_a_person_sees_what_becomes_of_own_ones(served: Served) -> None:
    lines = seen(served, "outbox").splitlines()
    assert lines[0].startswith("   2  kept  20")
    assert lines[0].endswith("  to Amina")
    assert lines[1] == "      | Wait for us."
    assert lines[3].startswith("Kept: it waits here")
    assert lines[-1] == "1 letter in the outbox."
    served.profile.post.office.write(AMINA, "And one more")
    assert "   2  under way " in (said := seen(served, "outbox"))
    assert "Nobody knows where it is" in " ".join(said.split())


def test_a_script_gets_all_of_them(served: Served) -> None:
    first, second, done = told(served, "inbox")
    assert first == {
        "event": "letter",
        "number": 1,
        "from": "Amina",
        "verified": True,
        "id": ONE.hex(),
        "text": "The well is dry.\nWe go north.",
        "attachments": 2,
        "files": [
            {"name": "photo 0.jpg", "size": 7, "here": True},
            {"name": "photo 1.jpg", "size": 5000, "here": True},
        ],
        "written_s": NOW.time_s,
        "reply_to": None,
    }
    assert (second["from"], second["verified"], second["text"]) == (BILALS_NAME, False, HOSTILE)
    assert done == {"event": "done", "letters": 2, "unreadable": 0}
    own, done = told(served, "outbox")
    assert {name: own[name] for name in ("event", "number", "to", "state", "carriers", "reply_to")} == {
        "event": "own_letter",
        "number": 2,
        "to": "Amina",
        "state": "kept",
        "carriers": 0,
        "reply_to": ONE.hex(),
    }
    assert own["expires_s"] == 1_577_836_800 + 61_000 * 3600
    assert done == {"event": "done", "letters": 1}


def test_what_needs_a_newer_version_is_counted(served: Served) -> None:
    """Of all, and of one; it is in no list."""
    kept_for_newer(served, AMINA, 2)
    assert told(served, "inbox")[-1] == {"event": "done", "letters": 2, "unreadable": 2}
    assert told(served, "inbox", "Amina", "--both")[-1]["unreadable"] == 2
    assert told(served, "inbox", BILALS_NAME)[-1]["unreadable"] == 0
    newer = "2 letters more need a newer Satchel, and wait here for it."
    assert f"2 letters in the inbox. {newer}" in seen(served, "inbox")
    assert newer in seen(served, "inbox", "Amina", "--both")
    assert "newer" not in seen(served, "inbox", BILALS_NAME)


def test_of_one_contact_numbers_stay_the_same(served: Served) -> None:
    assert [line.get("number") for line in told(served, "inbox", BILALS_NAME)] == [3, None]
    assert [line.get("number") for line in told(served, "outbox", "Amina")] == [2, None]
    assert [line.get("number") for line in told(served, "outbox", "Bilal\\u{202e}\\u{a}")] == [None]
    assert told(served, "inbox", "Nobody")[0]["event"] == "error"


@pytest.mark.parametrize("word", ["99", "00" * 16])
def test_a_script_knows_a_letter_that_is_gone_by_a_word(served: Served, word: str) -> None:
    for command in (("inbox", "show"), ("outbox", "save"), ("delete", "--yes")):
        assert told(served, *command, word)[-1]["reason"] == "no_letter"
    assert "reason" not in told(served, "inbox", "Nobody")[-1]


def test_one_is_read_with_all_that_is_known_of_it(served: Served) -> None:
    said = seen(served, "inbox", "show", "1").splitlines()
    assert said[0] == "From Amina"
    assert said[1].endswith(", as their clock said")
    assert said[2:] == [
        "  File 1, 7 B: photo 0.jpg",
        "  File 2, 5.0 kB: photo 1.jpg",
        "| The well is dry.",
        "| We go north.",
        "To save its files: satchel inbox save 1",
    ]
    own = seen(served, "outbox", "show", TWO.hex().upper()).splitlines()
    assert (own[0], *own[2:]) == ("To Amina", "State: kept", "In answer to number 1", "| Wait for us.")
    assert "In answer to one that is not here" in seen(served, "inbox", "show", _answer_to_nothing(served))
    assert told(served, "inbox", "show", ONE.hex())[-1] == {"event": "done"}


def _answer_to_nothing(served: Served) -> str:
    receive(served, AMINA, FOUR, replace(letter("x", 4), reply_to=THREE))  # of another conversation
    return FOUR.hex()


def test_m3_what_its_writer_says_drives_no_terminal(served: Served) -> None:
    assert seen(served, "inbox", "show", "3").splitlines() == [
        "From UNVERIFIED Bilal\\u{202e}\\u{a}",
        "| \\u{1b}[2J<b>\\u{202e}| Letter 1, from Amina",
        "| Done: it is erased.",
    ]
    name = b"\x1b[2J\xff\n| a.jpg"
    receive(served, AMINA, FOUR, Letter(order=9, text="", attachments=(Attachment(name=name, content=b"x"),)))
    said = seen(served, "inbox", "show", FOUR.hex())
    assert "  File 1, 1 B: \\u{1b}[2J\\xff\\u{a}| a.jpg\n" in said


def test_to_a_file_a_text_goes_as_it_came(served: Served) -> None:
    lines = Following(served, "inbox", "show", "3").rest()
    assert [line["text"] for line in lines if line.get("to") == "bytes"] == [HOSTILE]
    assert not [line for line in lines if line.get("to") == "out"]


def test_files_are_put_beside_what_is_there(served: Served, tmp_path: Path) -> None:
    """M4: nothing is overwritten, and nothing of ours stays."""
    into = tmp_path / "into"
    into.mkdir()
    (into / "photo 0.jpg").write_bytes(b"another one")
    said = seen(served, "inbox", "save", "1", "--into", str(into))
    assert "photo 0.jpg was there already: the new one is photo 0 (2).jpg\n" in said
    assert f"Done: 2 files in {into}.\n" in said
    content = {path.name: path.read_bytes() for path in into.iterdir()}
    kept = {"photo 0.jpg": b"another one", "photo 0 (2).jpg": b"a photo", "photo 1.jpg": b"x" * 5000}
    assert content == kept
    first, second, done = told(served, "inbox", "save", ONE.hex(), "--into", str(into))
    assert (first["path"], first["offered"], first["already_there"]) == (
        "photo 0 (2).jpg",
        "photo 0.jpg",
        True,
    )
    assert second["already_there"]
    assert done == {"event": "done", "files": 2, "failed": 0}
    assert {path.name: path.read_bytes() for path in into.iterdir()} == kept


def test_what_was_left_by_a_killed_one_goes_with_the_next(served: Served, tmp_path: Path) -> None:
    left = tmp_path / f".satchel-{ONE.hex()}"
    left.mkdir(mode=0o700)
    (left / "0").write_bytes(b"a pho")
    told(served, "inbox", "save", "1", "--into", str(tmp_path))
    assert not left.exists()
    assert (tmp_path / "photo 0.jpg").read_bytes() == b"a photo"


def test_where_there_is_nothing_to_save_nothing_is_made(served: Served, tmp_path: Path) -> None:
    over = Following(served, "inbox", "save", "3", "--into", str(tmp_path / "into")).rest()[-1]
    assert over == {"job": "over", "code": 5}
    assert not os.path.exists(tmp_path / "into")


def test_what_means_no_letter_is_misuse(served: Served) -> None:
    numbers = ("0", "4", "\u0663", "9" * 5000, ONE.hex()[:-1], "-1")
    lines = [*(("show", word) for word in numbers), ("show",), ("save",), ("Amina", "1")]
    lines += [("show", "1", "--into", "/tmp"), ("--into", "/tmp")]
    for words in lines:
        for box in ("inbox", "outbox"):
            assert told(served, box, *words)[-1]["event"] == "error", words


def test_a_contact_may_be_called_show(served: Served) -> None:
    served.profile.contacts.rename(AMINA, "show")
    assert [line.get("from") for line in told(served, "inbox", "show")] == ["show", None]
    assert told(served, "inbox", "show", "1")[0]["text"] == HOSTILE  # names have another order now


def test_an_id_that_two_contacts_have_drawn_is_not_guessed_at(served: Served) -> None:
    receive(served, BILAL, ONE, letter("Erase this one", 2))
    with pytest.raises(MisuseError, match="Two contacts"):
        chosen(ONE.hex(), letters_in(served.profile))


def test_states_are_no_better_than_they_are() -> None:
    assert [state_of(stored(handed=handed)) for handed in (0, 1, 12)] == [
        "under way",
        "handed to 1 carrier",
        "handed to 12 carriers",
    ]
    assert state_of(stored(state=LetterState.DELIVERED, handed=3)) == "delivered"
    assert state_of(stored(state=LetterState.EXPIRED)) == "expired"


def test_what_a_backup_left_out_is_said() -> None:
    file = StoredAttachment(name=b"a", size_bytes=1_200_000, is_here=False)
    assert what_of(stored(text=None, attachments=(file,))) == ["1 file, 1.2 MB", letter_list.NOT_IN_BACKUP]
    assert what_of(stored(text=" \n\t", attachments=(file,))) == ["1 file, 1.2 MB"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("\n\n  Hello,\n\nthe", "Hello, ..."),
        ("a\tb\u2028c\rd", "a b c d"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + " ..."),
        ("\u200f\u0007x\n", "\\u{200f}\\u{7}x"),
        ("\x01" * 500_000, "\\u{1}" * 12 + " ..."),
    ],
)
def test_a_preview_is_one_line(text: str, first: str) -> None:
    assert preview(text) == first


@pytest.mark.parametrize("written_s", [None, -1, 1 << 43, (1 << 32) * 3600 - 1])
def test_a_time_that_cannot_be_is_not_shown(written_s: int | None) -> None:
    assert when(written_s) == ""


def test_both_sides_of_a_conversation_in_stretches(served: Served) -> None:
    """[1.17] With the numbers of all other lists, whatever part is shown."""
    *letters, done = told(served, "inbox", "Amina", "--both")
    assert [(one["event"], one["id"], one["cut"]) for one in letters] == [
        ("letter", ONE.hex(), False),
        ("own_letter", TWO.hex(), False),
    ]
    assert (done["letters"], done["of"]) == (2, 2)
    numbers = [one["number"] for one in letters]
    assert numbers == [told(served, box, "Amina")[0]["number"] for box in ("inbox", "outbox")]
    for words, wanted in (
        (("--last", "1"), letters[1:]),
        (("--last", "1", "--skip", "1"), letters[:1]),
        (("--skip", "1"), letters[:1]),
        (("--last", "0"), []),
        (("--skip", "9"), []),
    ):
        assert told(served, "inbox", "Amina", "--both", *words)[:-1] == wanted
    [theirs, _] = told(served, "inbox", BILALS_NAME, "--both")
    assert theirs["number"] == 3
    assert "to Amina" in seen(served, "inbox", "Amina", "--both")


def test_of_a_long_text_the_conversation_has_the_beginning(served: Served) -> None:
    text = "\N{ARABIC LETTER WAW}" * (PREVIEW_CHARACTERS + 1)
    served.profile.post.letters.write(AMINA, FOUR, Letter(order=9, text=text))
    [long, _] = told(served, "inbox", "Amina", "--both", "--last", "1")
    assert (long["text"], long["cut"]) == (text[:-1], True)


@pytest.mark.parametrize(
    "words",
    [
        ("--both",),
        ("Amina", "--last", "1"),
        ("Amina", "--skip", "1"),
        ("show", "1", "--both"),
        ("Amina", "--both", "--last", "-1"),
        ("Amina", "--both", "--last", "x"),
    ],
)
def test_a_stretch_is_of_one_conversation(served: Served, words: tuple[str, ...]) -> None:
    body = {"words": ["inbox", "--json", *words], "folder": "/", "screen": SCREEN, "locale": {}}
    status, said = served.ask("POST", "/v1/jobs", body)
    assert status == 400 or b'"event": "error"' in said
