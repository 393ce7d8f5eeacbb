"""What a page makes of letters: names to save, first words, times, handles (T1, M4, G; page 2.7 and 7)."""

import os
from typing import Any

import pytest

from satchel.errors import NothingToDo
from satchel.node.events import LetterCame
from satchel.web.owner import handles, wrote
from satchel.web.owner.correspondence import PREVIEW_CHARACTERS_MAX, saved_as, shown_of
from satchel.web.owner.handles import Handles
from satchel.web.owner.wrote import Wrote
from store.contact_samples import AMINA


def event(**other: Any) -> dict[str, Any]:
    usual = {"event": "letter", "id": "0a", "text": "Hello", "files": [], "written_s": 1, "reply_to": None}
    return {**usual, **other}


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        (b"the well.jpg", "the well.jpg"),
        ("خريطة.pdf".encode(), "خريطة.pdf"),
        (b".bashrc", "_bashrc"),
        (b"..", "_."),
        (b"a/b\\c", "a_b__c"),
        ("pic\u202egnp.exe".encode(), "pic_u{202e}gnp.exe"),
        (b"a\r\nSet-Cookie: x", "a_u{d}_u{a}Set-Cookie_ x"),
        (b'a"; filename=b', "a_; filename=b"),
        (b"\xff", "_xff"),
    ],
)
def test_m4_what_is_saved_has_one_name_that_drives_nothing(name: bytes, saved: str) -> None:
    assert saved_as(os.fsdecode(name)) == saved


@pytest.mark.parametrize("when_s", [None, -1, 1 << 43])
def test_a_time_that_cannot_be_is_none(when_s: int | None) -> None:
    [one] = shown_of([event(written_s=when_s)], str)
    assert one.written_s is None


def test_first_words_are_of_the_text_or_the_first_file() -> None:
    long = "x" * (PREVIEW_CHARACTERS_MAX + 1)
    for text, files, words in (
        ("\n Hello \nagain", [], "Hello "),
        ("", [{"name": "map.pdf", "size": 1, "here": True}], "map.pdf"),
        (None, [], ""),
        (long, [], f"{long[:-1]} …"),
    ):
        [one] = shown_of([event(text=text, files=files)], str)
        assert one.first_words == words


def test_the_newest_is_first_and_says_what_it_answers() -> None:
    said = [event(), event(id="0b", reply_to="0a"), event(id="0c", reply_to="0d"), {"event": "done", "of": 3}]
    answers = [(one.id, one.answers and one.answers.first_words) for one in shown_of(said, str)]
    assert answers == [("0c", ""), ("0b", "Hello"), ("0a", None)]


def test_a_handle_leads_to_a_letter_of_its_contact_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handles, "LETTERS_MAX", 2)
    known = Handles(bytes(32))
    first, second = known.of_letter("Amina", "0a"), known.of_letter("Bilal", "0a")
    assert first != second
    assert known.letter("Amina", known.of_letter("Amina", "0a")) == "0a"
    known.of_letter("Amina", "0b")  # Bilal's was shown longest ago
    for contact, handle in (("Bilal", second), ("Bilal", first), ("Amina", "x")):
        with pytest.raises(NothingToDo):
            known.letter(contact, handle)
    assert Handles(b"\1" * 32).of("Amina") != known.of("Amina")


def test_who_has_written_is_kept_under_the_name_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrote, "CONTACTS_MAX", 1)
    told = Wrote()
    for name in ("Amina", "Bilal"):
        told.hear(LetterCame(contact=AMINA, name=name, is_verified=True, id=b"", text="", attachments=0))
    assert told.by("Bilal") is None  # one more than is kept
    told.renamed("Amina", "Aunt")
    written = told.by("Aunt")
    assert written is not None
    assert written.letters == 1
    told.seen("Aunt")
    assert told.by("Aunt") is None
