"""`satchel library get`: books as files, in clear, in a folder that the person chose."""

import argparse
import os
from contextlib import closing

from satchel.cli import units
from satchel.cli.book_names import file_names
from satchel.cli.book_shop import books_named, library_of
from satchel.cli.home import absolute
from satchel.cli.profile import Profile
from satchel.cli.show import JsonShow, Show
from satchel.core.blobs.chunks import ContentHasher
from satchel.core.crypto.kdf import same
from satchel.core.library.item import Part
from satchel.errors import EnvironmentProblem
from satchel.escape import show_name
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.ports import HandoverId
from satchel.ports.library import Book, Library, Readable
from satchel.store.chosen import ChosenFolder
from satchel.store.landing import FolderLanding

_ID_BYTES = 16
_BUFFER_BYTES = 1 << 20
_NS = 1_000_000_000


def get(options: argparse.Namespace, show: Show, profile: Profile) -> int:
    """Each stands under its name when it is whole, and not before; nothing that is there is changed."""
    library = library_of(profile)
    books = books_named(options.number, library)
    into = absolute(options.into or ".", options.folder)
    with closing(ChosenFolder.open(into)) as chosen:
        _require_room(sum(book.size_bytes for book in books), chosen)
        profile.confine(into)
        landing = chosen.begin(HandoverId(SystemEntropy().draw(_ID_BYTES)))
        try:
            written = [_write_book(book, library, landing, number, show) for number, book in enumerate(books)]
        finally:
            landing.close(remove=True)
    failed = written.count(False)
    text = f"{units.count(len(books) - failed, 'book')} written, in clear: who has the folder can read them."
    if failed:
        text += f" {units.count(failed, 'book')} could not be read: see above."
    show.done(text=text, files=len(books) - failed, failed=failed)
    return 1 if failed else 0


def _require_room(size_bytes: int, chosen: ChosenFolder) -> None:
    if chosen.free_bytes() < size_bytes:
        raise EnvironmentProblem(
            f"There is no room for {units.size(size_bytes)} in this folder.",
            safe="Nothing was written.",
            do="Make room, or choose a folder on another disk: --into DIR",
        )


def _write_book(book: Book, library: Library, landing: FolderLanding, at: int, show: Show) -> bool:
    """Whether it could be read. Raises EnvironmentProblem: the chosen folder."""
    names = file_names(book.item, book.kind)
    for part, (named, name) in enumerate(zip(book.item.parts, names, strict=True)):
        number = at * 256 + part
        try:
            with closing(library.contents.read(book.number, part)) as content:
                _copy(content, named, landing, number)
        except _UnreadableError as unreadable:
            landing.discard(number)
            path = f"book {book.number}"
            if isinstance(show, JsonShow):
                show.line("failed", path=path, number=book.number, why=unreadable.why)
            else:
                show.note(f"Not written: {path}: {unreadable.why}")
            return False
        landing.sync([number])
        offered = (os.fsencode(name),)
        placed = landing.place(number, offered)
        _tell(show, book, placed.path, offered, already_there=placed.already_there)
    return True


class _UnreadableError(Exception):
    """The book, and not the folder."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _copy(content: Readable, named: Part, landing: FolderLanding, number: int) -> None:
    """Raises _UnreadableError; EnvironmentProblem: the chosen folder."""
    landing.create(number)
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    hasher, at = ContentHasher(), 0
    while True:
        try:
            count = content.read_into(at, buffer)
        except EnvironmentProblem as problem:
            raise _UnreadableError(problem.what) from problem
        if count == 0:
            break
        hasher.update(buffer[:count])
        landing.write(number, at, buffer[:count])
        at += count
    if not same(hasher.root(), named.root):
        raise _UnreadableError("What is read of it is not what was put in.")
    landing.finish(number, size=at, mtime_ns=clock.wall_s() * _NS, executable=False)


def _tell(
    show: Show, book: Book, path: tuple[bytes, ...], offered: tuple[bytes, ...], *, already_there: bool
) -> None:
    name = path[-1].decode("utf-8", "surrogateescape")
    if isinstance(show, JsonShow):
        wanted = offered[-1].decode("utf-8", "surrogateescape")
        show.line("placed", number=book.number, path=name, offered=wanted, already_there=already_there)
    elif already_there:
        show.console.write(f"{book.number:>7}  {show_name(path[-1])} (it was there already)\n")
    else:
        show.console.write(f"{book.number:>7}  {show_name(path[-1])}\n")
