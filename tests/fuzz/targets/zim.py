"""books/formats/zim: an archive of pages, of whoever made it, in the process that looks into books."""

import io
from collections.abc import Iterator
from itertools import islice

from books.zim_maker import Hand, Laid
from satchel.books.formats.zim import examine, open
from satchel.books.formats.zim.archive import Archive
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import RESOURCE_BYTES_MAX, Facts
from satchel.ports.library import PASSAGE_BYTES_MAX

READ_MAX = 20  # entries, so that no input takes long


def check(data: bytes) -> bool:
    try:
        archive = Archive(io.BytesIO(data))
    except UnfitBook:
        return False
    for number in range(min(READ_MAX, archive.header.entries)):
        try:
            entry = archive.entry(number)
            target = archive.resolve(entry)
            assert target.target is None
            assert len(archive.body(target)) == archive.size(target) <= RESOURCE_BYTES_MAX
        except UnfitBook:
            continue
    found = 0
    try:
        for one in islice(examine(io.BytesIO(data), "a.zim"), READ_MAX):
            assert isinstance(one, Facts) == (found == 0)  # the facts first, and once
            found += 1
            assert isinstance(one, Facts) or len(one.text.encode("utf-8", "replace")) <= PASSAGE_BYTES_MAX
        book = open(io.BytesIO(data))
        for chapter in book.outline()[:READ_MAX]:
            book.fetch(f"file/{chapter.place}")
            page = book.fetch(f"chapter/{chapter.place}").body.lower()
            assert b"<script" not in page  # B1
            assert b"javascript:" not in page
    except (UnfitBook, NothingToDo):
        return found > 0
    return True


def seeds() -> Iterator[bytes]:
    pages = [Laid(f"Cp{n}", f"T{n}", f"<p>page <a href='p{n + 1}'>{n}</a></p>".encode()) for n in range(3)]
    more = [
        Laid("Cr", "R", target=1),
        Laid("MLanguage", "", b"ara", "text/plain"),
        Laid("MTitle", "", "كتاب".encode(), "text/plain"),
        Laid("Xlisting/titleOrdered/v1", "", b"\1\0\0\0\0\0\0\0", "application/octet-stream"),
    ]
    for compression in (1, 4, 5):
        yield Hand([*pages, *more], compression=compression, main=0).write()
    yield Hand([*pages, *more], compression=5, is_extended=True, by_title=range(7)).write()
    yield Hand([Laid("Aa", "A", b"<p>old"), *more[1:3]], minor=0, main=0).write()
    yield Hand([*pages, Laid("MTags", "", b"_sw:yes", "text/plain")]).write()
    yield Hand(pages, header={"paths": 1 << 40}).write()
    yield Hand([Laid("Cr", "R", target=0)], header={"clusters": 1}).write()
