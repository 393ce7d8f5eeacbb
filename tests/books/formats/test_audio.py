"""Recordings: tags, length and cover of each kind; and garbage of any kind, in bounded time."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from books import audio_maker
from satchel.books.bounded import Bounded
from satchel.books.formats import audio
from satchel.books.unfit import Why, why_of
from satchel.core.library.kinds import AUDIO_TYPES
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Facts
from satchel.ports.library import WHOLE, Passage


def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((400, 400), 60).convert("RGB").save(out, "PNG")
    return out.getvalue()


def examined(data: bytes, name: str = "a.bin") -> tuple[Facts, list[Passage]]:
    facts, *passages = audio.examine(io.BytesIO(data), name)
    assert isinstance(facts, Facts)
    return facts, [one for one in passages if isinstance(one, Passage)]


ID3 = {
    "TIT2": "الفصل الأول",
    "TPE1": "Amina",
    "TPE2": "Kitab",
    "TCOM": "Бьянка",
    "TALB": "A book",
    "TCON": "Speech",
    "TLAN": "ara",
}
VORBIS = {
    "TITLE": "الفصل الأول",
    "ARTIST": "Amina",
    "ALBUMARTIST": "Kitab",
    "COMPOSER": "Бьянка",
    "ALBUM": "A book",
    "GENRE": "Speech",
    "LANGUAGE": "ara",
}
ATOMS = {
    "nam": "الفصل الأول",
    "ART": "Amina",
    "aART": "Kitab",
    "wrt": "Бьянка",
    "alb": "A book",
    "gen": "Speech",
}
KINDS: list[tuple[str, Callable[..., bytes], dict[str, str], dict[str, Any]]] = [
    ("audio/mpeg", audio_maker.mp3, ID3, {}),
    ("audio/flac", audio_maker.flac, VORBIS, {}),
    ("audio/ogg", audio_maker.ogg, VORBIS, {"codec": "opus"}),
    ("audio/ogg", audio_maker.ogg, VORBIS, {"codec": "vorbis"}),
    ("audio/mp4", audio_maker.m4a, ATOMS, {}),
    ("audio/mp4", audio_maker.m4a, ATOMS, {"brand": b"M4A "}),
]


@pytest.mark.parametrize(("media_type", "make", "tags", "options"), KINDS)
def test_what_a_recording_says_of_itself(
    media_type: str, make: Callable[..., bytes], tags: dict[str, str], options: dict[str, Any]
) -> None:
    cover = picture()
    data = make(tags, seconds=7, cover=cover, **options)
    facts, passages = examined(data)
    assert facts.media_type == media_type
    assert facts.title == "الفصل الأول"
    assert facts.authors == ("Amina", "Kitab", "Бьянка")
    assert facts.subjects == ("A book", "Speech")
    assert facts.duration_s == 7
    assert facts.languages == (() if make is audio_maker.m4a else ("ar",))
    assert facts.cover is not None
    assert Image.open(io.BytesIO(facts.cover), formats=["JPEG"]).size == (240, 240)
    assert passages == []
    book = audio.open(io.BytesIO(data))
    assert book.fetch("cover").body == facts.cover
    assert list(book.outline()) == []
    with pytest.raises(NothingToDo):
        book.fetch("page/1")


@pytest.mark.parametrize(("media_type", "make", "tags", "options"), KINDS)
def test_one_without_tags_has_a_length(
    media_type: str, make: Callable[..., bytes], tags: dict[str, str], options: dict[str, Any]
) -> None:
    data = make({}, seconds=3, **options)
    facts, _ = examined(data)
    assert (facts.title, facts.authors, facts.cover, facts.duration_s) == (None, (), None, 3)
    with pytest.raises(NothingToDo):
        audio.open(io.BytesIO(data)).fetch("cover")


def test_an_mp3_of_old_has_no_tag_before_its_sound() -> None:
    facts, _ = examined(audio_maker.MP3_FRAME * 400)
    assert (facts.media_type, facts.title, facts.duration_s) == ("audio/mpeg", None, 10)


def test_what_is_written_beside_the_sound_is_found() -> None:
    _, passages = examined(
        audio_maker.flac({"TITLE": "Song", "LYRICS": "the words of it", "COMMENT": "recorded"})
    )
    assert [one.place for one in passages] == [WHOLE]
    assert {"recorded", "the", "words", "of", "it"} <= set(passages[0].words.split())


def test_the_length_of_a_long_ogg_is_read_at_its_end() -> None:
    class Counted(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            Counted.total += len(data)
            return data

    data = audio_maker.ogg(VORBIS, seconds=36_000)
    body = data[:-1000] + b"OggS" + bytes(8 << 20) + data[-1000:]
    facts = next(audio.examine(Counted(body), "a.ogg"))
    assert isinstance(facts, Facts)
    assert facts.duration_s == 36_000
    assert Counted.total < 1 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a sound",
        b"ID3",
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f",
        b"ID3\x04\0\0\0\0\x10\x00TIT2\x7f\x7f\x7f\x7f\0\0\x03",
        b"fLaC" + bytes(100),
        b"fLaC\x04\xff\xff\xff" + b"\xff" * 100,
        b"OggS" + bytes(30) + b"OpusHead",
        b"\0\0\0\x18ftypM4A " + bytes(200),
        b"\0\0\0\x18ftypM4A " + bytes(12) + b"\x00\x00\x00\x01moov" + b"\xff" * 8 + bytes(50),
        b"\0\0\0\x18ftypM4A " + bytes(12) + b"\x7f\xff\xff\xffmoov" + b"\x7f\xff\xff\xffudta" * 200,
    ],
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(UnfitBook) as refused:
        examined(data)
    assert why_of(refused.value) is Why.DAMAGED


@given(st.sampled_from(KINDS), st.data())
def test_any_change_is_borne(
    kind: tuple[str, Callable[..., bytes], dict[str, str], Any], data: st.DataObject
) -> None:
    made = bytearray(kind[1](kind[2], seconds=1, **kind[3]))
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, min(len(made), 700) - 1))] = data.draw(st.integers(0, 255))
    try:
        facts, _ = examined(bytes(made))
    except UnfitBook:
        return
    assert facts.media_type in AUDIO_TYPES
    assert facts.duration_s is None or facts.duration_s > 0


def test_a_long_file_of_nothing_ends() -> None:
    started = time.process_time()
    head = b"ID3\x04\0\0\0\0\0\x0f" + b"TIT2\0\0\0\x05\0\0\x03long"
    facts, _ = examined(head + b"\xff\xe0" * (8 << 20))
    assert (facts.title, facts.duration_s) == ("long", None)
    assert time.process_time() - started < 5


def test_nobody_reads_more_of_a_file_than_it_may() -> None:
    file = Bounded(io.BytesIO(bytes(100)), at_once=10, in_all=25, reads_max=4)
    assert len(file.read(10)) == 10
    with pytest.raises(OSError, match="more than may be read"):
        file.read(11)
    file = Bounded(io.BytesIO(bytes(100)), at_once=10, in_all=25, reads_max=3)
    assert [len(file.read(9)) for _ in range(2)] == [9, 9]
    with pytest.raises(OSError, match="more than may be read"):
        file.read(9)
    file = Bounded(io.BytesIO(bytes(100)), at_once=10, in_all=100, reads_max=1)
    file.seek(95)
    assert len(file.read(11)) == 5  # no more is there
    with pytest.raises(OSError, match="more than may be read"):
        file.read(1)
