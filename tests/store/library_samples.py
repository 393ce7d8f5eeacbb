"""Books, and a library on a disk to keep them in."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.identity.clocks import BUILT_S
from satchel.core.library.item import Content, Item, Part
from satchel.core.library.query import Query
from satchel.core.library.sealed import Root
from satchel.core.library.words import fold
from satchel.ports.library import WHOLE, BookNumber, Contents, Hits, Library, NewBook, Passage, Written
from satchel.store.database import Database
from satchel.store.library.opening import KeptLibrary, open_library
from store.record_samples import KEY

NOW_S = BUILT_S + 1000


class Clock:
    """Set by the test."""

    def __init__(self) -> None:
        self.wall_s = NOW_S
        self.steps_s = 0.0

    def wall(self) -> int:
        return self.wall_s

    def steady(self) -> float:
        return self.steps_s


def opened(
    home: Path,
    database: Database,
    *,
    clock: Clock | None = None,
    seed: int | None = None,
    reserve_bytes: int = 0,
    shard_bytes: int = 64 << 20,
) -> KeptLibrary:
    """`seed`: of what is drawn; None: another one each time, as it is needed where names must not come
    twice."""
    chance = random.Random(seed)
    clock = clock or Clock()
    return open_library(
        *(home, database),
        draw=chance.randbytes,
        wall_s=clock.wall,
        now_s=clock.steady,
        reserve_bytes=reserve_bytes,
        shard_bytes=shard_bytes,
    )


@contextmanager
def library_at(
    home: Path, *, shard_bytes: int = 64 << 20, clock: Clock | None = None
) -> Iterator[KeptLibrary]:
    """With the first database beside it, as a profile has it."""
    home.mkdir(parents=True, exist_ok=True)
    with (
        closing(Database.open(home / "data", KEY)) as database,
        closing(opened(home, database, shard_bytes=shard_bytes, clock=clock)) as library,
    ):
        yield library


def content_of(number: int, size: int = 5000) -> bytes:
    return random.Random(number).randbytes(size)


def root_of(content: bytes) -> Root:
    hasher = ContentHasher()
    hasher.update(content)
    return Root(hasher.root())


def item_of(
    contents: Sequence[bytes], title: str = "A book", *, cover: bytes | None = None, media: str = "text/plain"
) -> Item:
    return Item(
        revision=1,
        parts=tuple(Part(root=root_of(one), size_bytes=len(one), media_type=media) for one in contents),
        title=title,
        cover=None
        if cover is None
        else Content(root=root_of(cover), size_bytes=len(cover), media_type="image/jpeg"),
    )


def written(contents: Contents, content: bytes, *, step: int = 1 << 20) -> Written:
    file = contents.write(len(content))
    for at in range(0, len(content), step):
        file.write(memoryview(content)[at : at + step])
    assert file.finish() == root_of(content)
    return file


def new_book(
    library: Library, contents: Sequence[bytes], title: str = "A book", *, cover: bytes | None = None
) -> NewBook:
    files = tuple(written(library.contents, one) for one in contents)
    return NewBook(item=item_of(contents, title, cover=cover), contents=files, cover=cover)


def add(library: Library, *contents: bytes, title: str = "A book", cover: bytes | None = None) -> BookNumber:
    [added] = library.catalogue.add([new_book(library, contents, title, cover=cover)])
    return added.number


def add_of(library: Library, item: Item, content: bytes) -> BookNumber:
    """`item`: of this content."""
    [added] = library.catalogue.add([NewBook(item=item, contents=(written(library.contents, content),))])
    return added.number


def read(library: Library, book: BookNumber, part: int = 0) -> bytes:
    with closing(library.contents.read(book, part)) as reader:
        buffer = bytearray(reader.size_bytes)
        assert reader.read_into(0, memoryview(buffer)) == len(buffer)
    return bytes(buffer)


def passage(text: str, place: str = "c1", heading: str = "") -> Passage:
    return Passage(place=place, heading=heading, text=text, words=fold(f"{heading} {text}"))


def whole(title: str) -> Passage:
    return passage(title, WHOLE, title)


def query(*terms: str, is_prefix: bool = False) -> Query:
    return Query(tuple(tuple(fold(term).split()) for term in terms), is_prefix)


def search(library: Library, *terms: str, is_prefix: bool = False, first: int = 0, count: int = 50) -> Hits:
    return library.index.search(
        query(*terms, is_prefix=is_prefix), accept=lambda _: True, first=first, count=count, within_s=60
    )


def found(library: Library, *terms: str, is_prefix: bool = False) -> list[int]:
    return [hit.book for hit in search(library, *terms, is_prefix=is_prefix).hits]
