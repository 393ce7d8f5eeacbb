"""PDF, comics, recordings and archives where they are read: in processes that may do nothing else. What a
library loads when it is first needed would not be there any more."""

import io
import time
import zipfile
from collections.abc import Iterator

import pytest
from PIL import Image

from books import audio_maker, pdf_maker
from books.content import InMemory
from books.zim_maker import Hand, Laid
from satchel.books.opener import BookOpener
from satchel.books.unfit import Why, why_of
from satchel.core.library.kinds import Kind
from satchel.errors import UnfitBook
from satchel.ports.books import Facts


@pytest.fixture(scope="module")
def opener() -> Iterator[BookOpener]:
    opened = BookOpener(now_s=time.monotonic)
    yield opened
    opened.close()


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((500, 700), 60).convert("RGB").save(out, form)
    return out.getvalue()


def comic() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for number, form in enumerate(("JPEG", "PNG", "GIF", "WEBP"), 1):
            made.writestr(f"{number}.{form.lower()}", picture(form))
        made.writestr("ComicInfo.xml", "<ComicInfo><Title>Boats</Title></ComicInfo>")
    return out.getvalue()


def archive(compression: int) -> bytes:
    entries = [
        Laid("Ca", "First", b"<p>words <a href=b>b</a> caf\xe9"),
        Laid("Cb", "Second", b"<p>more words"),
        Laid("MIllustration_48x48@1", "", picture("PNG"), "image/png"),
        Laid("MLanguage", "", b"ara", "text/plain"),
        Laid("MTitle", "", b"Village", "text/plain"),
    ]
    return Hand(entries, compression=compression, main=0).write()


PDF = pdf_maker.pages(["Hello page"], info={"Title": "Letters"}, catalogue="/Lang(ar)")
SOUND = {"TITLE": "Song", "LANGUAGE": "ara"}


@pytest.mark.parametrize(
    ("name", "content", "title", "has_cover"),
    [
        ("a.pdf", PDF, "Letters", True),
        ("a.cbz", comic(), "Boats", True),
        ("a.mp3", audio_maker.mp3({"TIT2": "Song"}, cover=picture("PNG")), "Song", True),
        ("a.flac", audio_maker.flac(SOUND, cover=picture("PNG")), "Song", True),
        ("a.opus", audio_maker.ogg(SOUND, cover=picture("PNG")), "Song", True),
        ("a.ogg", audio_maker.ogg(SOUND, codec="vorbis"), "Song", False),
        ("a.m4b", audio_maker.m4a({"nam": "Song"}, cover=picture("PNG")), "Song", True),
        ("a.zim", archive(1), "Village", True),
        ("a.zim", archive(4), "Village", True),
        ("a.zim", archive(5), "Village", True),
    ],
)
def test_each_says_what_it_is(
    opener: BookOpener, name: str, content: bytes, title: str, has_cover: bool
) -> None:
    facts = next(iter(opener.examine(InMemory(content), name)))
    assert isinstance(facts, Facts)
    assert facts.title == title
    assert (facts.cover is not None) == has_cover


@pytest.mark.parametrize(
    ("kind", "content", "paths"),
    [
        (Kind.PDF, PDF, ["page/1", "chapter/1", "cover"]),
        (Kind.COMIC, comic(), ["page/1", "page/2", "page/3", "page/4", "cover"]),
        (Kind.AUDIO, audio_maker.flac({}, cover=picture("PNG")), ["cover"]),
        (Kind.ZIM, archive(4), ["file/a", "chapter/a", "cover"]),
        (Kind.ZIM, archive(5), ["file/a", "chapter/b", "cover"]),
    ],
)
def test_each_is_read(opener: BookOpener, kind: Kind, content: bytes, paths: list[str]) -> None:
    book = opener.open(InMemory(content), kind)
    try:
        book.outline()
        assert all(book.fetch(path).body for path in paths)
    finally:
        book.close()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.zim", archive(5)[:-40], Why.NOT_WHOLE),
        ("a.pdf", PDF[:300], Why.DAMAGED),
        ("a.mp3", b"ID3" + bytes(50), Why.DAMAGED),
    ],
)
def test_the_reason_reaches_the_person(opener: BookOpener, name: str, content: bytes, why: Why) -> None:
    with pytest.raises(UnfitBook) as refused:
        list(opener.examine(InMemory(content), name))
    assert why_of(refused.value) is why
