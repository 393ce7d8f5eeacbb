"""An archive as a book: what it says of itself, what is found and shown. Spec: docs/spec/zim.md."""

import re
from array import array
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import BinaryIO
from urllib.parse import quote

from satchel.books import effort, markup
from satchel.books.decoding import decode
from satchel.books.formats import pictures
from satchel.books.formats.zim import pages
from satchel.books.formats.zim.archive import CONTENT, METADATA, OLD_CONTENT, Archive, numbers
from satchel.books.formats.zim.layout import Entry
from satchel.books.languages import tags_of
from satchel.books.passages import passages_of
from satchel.books.unfit import Why, unfit
from satchel.core.library.kinds import FILE_TYPE, ZIM_TYPE
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import Chapter, Facts, Opened, Resource
from satchel.ports.library import PLACE_BYTES_MAX, Passage

PASSAGES_MAX = 262_144  # of an archive, and so the most pages that can be found
TEXT_BYTES_MAX = 60 << 20  # of all pages together, and of their titles
TITLE_BYTES = 64  # that are kept free for each
PAGE_BYTES_MAX = 4 << 20  # of one, to be found by more than its title
PAGE_TEXT_BYTES_MAX = 256 << 10
OUTLINE_MAX = 1000
LOOKED_AT_MAX = 20_000  # entries, for a list of titles
LINKS_MAX = 5000  # of one page, that are looked up

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")
_COUNT = re.compile(rb"(?:^|;)text/html(?:;[^=;]{0,50}=[^;=]{0,50})?=([0-9]{1,10})")
_PICTURES = re.compile(rb"Illustration_([0-9]{1,4})x([0-9]{1,4})@1")
_OLD_PICTURES = (("-", b"favicon"), ("-", b"favicon.png"), ("I", b"favicon.png"), ("I", b"favicon"))
_NEEDS_WORKER = re.compile(r"(?:^|;)\s*_sw:yes\s*(?:;|$)")


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    """As ports.books.Format."""
    archive = Archive(file)
    yield _facts(archive)
    if not _needs_worker(archive):
        yield from _passages(archive)


def open(file: BinaryIO) -> Opened:
    """As ports.books.Format."""
    archive = Archive(file)
    if _needs_worker(archive):
        raise unfit(Why.NOT_READ_HERE)
    return OpenedArchive(archive)


def _facts(archive: Archive) -> Facts:
    main = archive.main()
    is_page = main is not None and is_html(main) and archive.size(main) <= PAGE_BYTES_MAX
    tags = [tag for tag in _said(archive, "Tags").split(";") if tag.strip() and not tag.startswith("_")]
    authors = (_said(archive, "Creator"), _said(archive, "Publisher"))
    return Facts(
        media_type=ZIM_TYPE,
        title=_said(archive, "Title") or None,
        authors=tuple(dict.fromkeys(one for one in authors if one)),
        languages=tags_of([_said(archive, "Language")]),
        direction=pages.direction_of(archive.body(main)) if main is not None and is_page else None,
        subjects=tuple(tags),
        pages=_count(archive),
        cover=_cover(archive),
    )


def _said(archive: Archive, name: str) -> str:
    return (archive.metadata(name) or b"").decode("utf-8", "replace").strip()


def _needs_worker(archive: Archive) -> bool:
    """It was made for a reader that runs a service worker, and shows nothing to any other one [9]."""
    return _NEEDS_WORKER.search(_said(archive, "Tags")) is not None


def _count(archive: Archive) -> int | None:
    """How many pages a person can read in it."""
    front = archive.front()
    if front is not None:
        return len(front) // 4
    counted = _COUNT.search(archive.metadata("Counter") or b"")
    return int(counted[1]) if counted else len(_content(archive))


def _cover(archive: Archive) -> bytes | None:
    """The largest picture that it has of itself; but the one of 48 dots that all have rather than none."""
    found: list[tuple[int, Entry]] = []
    for number in islice(archive.span(METADATA), 1000):
        entry = archive.entry(number)
        size = _PICTURES.fullmatch(entry.path)
        if size:
            found.append((int(size[1]) * int(size[2]), entry))
    best = [entry for _, entry in sorted(found, key=lambda one: -one[0])[:3]]
    if archive.is_old:
        best += [entry for entry in (archive.find(*where) for where in _OLD_PICTURES) if entry is not None]
    for entry in best:
        try:
            picture = pictures.cover(archive.body(archive.resolve(entry)))
        except UnfitBook:
            continue
        if picture is not None:
            return picture
    return None


def _content(archive: Archive) -> range:
    return archive.span(OLD_CONTENT if archive.is_old else CONTENT)


def is_html(entry: Entry) -> bool:
    return entry.target is None and entry.media_type.partition(";")[0].strip().lower() == "text/html"


def place_of(archive: Archive, entry: Entry) -> str:
    """What a reader opens: the path, before minor version 1 with its namespace [6.1]."""
    path = entry.path.decode("utf-8", "replace")
    return f"{entry.namespace}/{path}" if archive.is_old else path


def _passages(archive: Archive) -> Iterator[Passage]:
    """The text of pages in the order in which they lie, until there is enough of it; titles of all others."""
    spent = effort.Effort()
    with_text, without = _to_find(archive)
    titles = len(with_text) + len(without)
    left, spare = TEXT_BYTES_MAX - TITLE_BYTES * titles, PASSAGES_MAX - titles
    for packed in with_text:
        entry = archive.entry(packed & 0xFFFFFFFF)
        text = ""
        if spent.is_above(effort.EXAMINING_CPU_S):
            return
        if left > 0 and not spent.is_above(effort.TEXT_CPU_S) and archive.size(entry) <= PAGE_BYTES_MAX:
            text = pages.text_of(archive.body(entry))
        bytes_max = min(left, PAGE_TEXT_BYTES_MAX)
        found = passages_of(place_of(archive, entry), entry.title, text, bytes_max=bytes_max)
        for passage in islice(found, 1 + max(0, spare)):
            left -= len(passage.text.encode("utf-8", "replace")) + len(passage.heading)
            spare -= 1
            yield passage
        spare += 1
    for number in without:
        if spent.is_above(effort.EXAMINING_CPU_S):
            return
        entry = archive.entry(number)
        yield from passages_of(place_of(archive, entry), entry.title, "", bytes_max=0)


def _to_find(archive: Archive) -> tuple[Sequence[int], Sequence[int]]:
    """Pages, each as its cluster and number, in the order of clusters; and redirects that are titles, too."""
    front = archive.front()
    listed = None if front is None else _listed(front, archive.header.entries)
    found, redirects = array("Q"), array("L")
    for number in _content(archive):
        entry = archive.entry(number)
        if len(found) + len(redirects) == PASSAGES_MAX:
            break
        if len(entry.path) + 2 > PLACE_BYTES_MAX:
            continue  # it can be read, and not be found
        if entry.cluster is not None and is_html(entry):
            found.append(entry.cluster << 32 | number)
        elif listed is not None and listed[number >> 3] >> (number & 7) & 1:
            redirects.append(number)
    return sorted(found), redirects


def _listed(front: memoryview, entries: int) -> bytearray:
    bits = bytearray(entries + 7 >> 3)
    for number in numbers(front):
        if number < entries:
            bits[number >> 3] |= 1 << (number & 7)
    return bits


class OpenedArchive:
    """As ports.books.Opened."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def outline(self) -> Sequence[Chapter]:
        """The main page, and the first titles."""
        archive = self._archive
        main = archive.main()
        first = [] if main is None else [main]
        entries = [*first, *(entry for entry in self._titles() if entry != main)]
        return [
            Chapter(
                place=place_of(archive, entry), title=entry.title or entry.path.decode("utf-8", "replace")
            )
            for entry in entries[:OUTLINE_MAX]
        ]

    def fetch(self, path: str) -> Resource:
        """`file/PATH`, `chapter/PATH` and `cover`."""
        form, _, place = path.partition("/")
        if path == "cover":
            picture = _cover(self._archive)
            if picture is None:
                raise _nothing()
            return Resource(media_type="image/jpeg", body=picture)
        if form not in ("file", "chapter"):
            raise _nothing()
        entry = self._find(place)
        if entry is None:
            raise _nothing()
        target = self._archive.resolve(entry)
        return self._chapter(target) if form == "chapter" else self._file(entry, target)

    def _find(self, place: str) -> Entry | None:
        try:
            key = place.encode()
        except UnicodeEncodeError:  # half of a pair
            return None
        if not self._archive.is_old:
            return self._archive.find(CONTENT, key)
        if len(key) < 3 or key[1:2] != b"/" or not key[:1].isascii():
            return None
        return self._archive.find(place[0], key[2:])

    def _file(self, entry: Entry, target: Entry) -> Resource:
        here, there = place_of(self._archive, entry), place_of(self._archive, target)
        if is_html(target) and here.rpartition("/")[0] != there.rpartition("/")[0]:
            # Under this address its links would lead elsewhere.
            address = escape(pages.between(here, there))
            text = (
                f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={address}">'
                f'<p dir="auto"><a href="{address}">{escape(target.title)}</a>'
            )
            return Resource(media_type=markup.SENT_AS, body=text.encode(), title=target.title)
        media_type, body = _media_type(target.media_type), self._archive.body(target)
        if media_type.startswith("text/"):
            media_type, body = f"{media_type}; charset=utf-8", _as_utf8(body)
        return Resource(media_type=media_type, body=body, title=target.title)

    def _chapter(self, entry: Entry) -> Resource:
        if not is_html(entry):
            raise _nothing()
        if self._archive.size(entry) > markup.PAGE_BYTES_MAX:
            raise unfit(Why.PART_TOO_LARGE)
        looked_up: dict[str, str | None] = {}

        def link(target: str, is_picture: bool) -> str | None:
            if target not in looked_up:
                looked_up[target] = self._link(target) if len(looked_up) < LINKS_MAX else None
            linked = looked_up[target]
            return linked if linked is None or not is_picture or linked.startswith("../file/") else None

        body = pages.cleaned(self._archive.body(entry), place_of(self._archive, entry), link)
        return Resource(media_type=markup.SENT_AS, body=body, title=entry.title)

    def _link(self, target: str) -> str | None:
        """To a page beside, or to a file; None: there is no such entry, or it is damaged."""
        try:
            found = self._find(target)
            entry = None if found is None else self._archive.resolve(found)
        except UnfitBook:
            return None
        if entry is None:
            return None
        if is_html(entry):
            return quote(place_of(self._archive, entry), safe="")
        return f"../file/{quote(target, safe='/')}"

    def _titles(self) -> Iterator[Entry]:
        archive = self._archive
        front = archive.front()
        entries: Iterator[Entry]
        if front is not None:
            entries = (archive.entry(number) for number in numbers(front))
        elif archive.header.titles_at is not None:
            entries = archive.by_title()
        else:
            entries = map(archive.entry, _content(archive))
        namespace = OLD_CONTENT if archive.is_old else CONTENT
        read = (one for one in islice(entries, LOOKED_AT_MAX) if one.namespace == namespace and is_html(one))
        return islice(read, OUTLINE_MAX)


def _media_type(said: str) -> str:
    """Of an entry, as far as it is one: it goes into the head of an answer."""
    media_type = said.partition(";")[0].strip().lower()
    return media_type if _TYPE.fullmatch(media_type) else FILE_TYPE


def _as_utf8(body: bytes) -> bytes:
    """A text, whatever it is written in; a very long one as it is."""
    if body.isascii() or len(body) > markup.PAGE_BYTES_MAX:
        return body
    return decode(body, is_markup=True).encode("utf-8", "replace")


def _nothing() -> NothingToDo:
    return NothingToDo("There is nothing at this place of the archive.")


def prepare() -> None:
    """Load what is loaded when it is first needed."""
    pictures.prepare()
    pages.prepare()
