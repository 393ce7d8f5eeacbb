"""The process of one book: gives its rights away, looks into the book, and ends. Spec: docs/spec/books.md, 3.

Began as a copy of the zygote. From `give_away` on it may be taken over by the book that it reads.
"""

import os
import resource
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import BinaryIO, NoReturn, cast

from satchel.books.cleaning import clean_chapters, clean_facts, clean_passage, one_line
from satchel.books.frames import (
    BLOCK_BYTES,
    CHAPTERS_PER_FRAME,
    NAME_BYTES_MAX,
    Ask,
    Chapters,
    Done,
    Head,
    Nothing,
    Piece,
    Unfit,
    decode_request,
)
from satchel.books.line import BookFile, Hung, Line
from satchel.books.unfit import Why, why_of
from satchel.confinement.landlock import confine_wholly, hide_memory
from satchel.confinement.seccomp import end_with_parent, filter_calls
from satchel.core.library.kinds import Kind
from satchel.core.wire.fields import Fields
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import RESOURCE_BYTES_MAX, Facts, Opened
from satchel.ports.library import Passage

MEMORY_BYTES_MAX = 512 << 20  # beyond what the zygote has
CPU_MAX_S = {Ask.EXAMINE: 180, Ask.OPEN: 600}  # in its whole life
TEXT_BYTES_MAX = 64 << 20  # that is found in one book
PASSAGES_MAX = 262_144
CHAPTERS_MAX = 10_000
_NOBODY = 65_534
_LINE = 3  # the one descriptor it keeps, beside /dev/null three times
_NICE = 10  # whoever reads does not wait for who looks through new books


def run(line: int, mode: Ask, formats: ModuleType, zygote_bytes: int) -> NoReturn:
    """Never returns, whatever happens.

    Args:
        line: descriptor of the socket to the node.
        formats: has `examine` and `format_of`, as `satchel.books.formats`.
        zygote_bytes: of its address space.
    """
    code = 1
    try:
        give_away(line, mode, zygote_bytes)
        _serve(Line(_LINE), formats)
        code = 0
    finally:
        os._exit(code)


def give_away(line: int, mode: Ask, zygote_bytes: int) -> None:
    """Every right that can be given away, for ever; what this kernel does not know stays (books 3.4)."""
    end_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)  # where the zygote has its socket
    os.dup2(line, _LINE) if line != _LINE else None
    os.dup2(nothing, 0)
    os.closerange(_LINE + 1, os.sysconf("SC_OPEN_MAX"))
    if mode is Ask.EXAMINE:
        os.nice(_NICE)
    if os.geteuid() == 0:
        _be_nobody()
    hide_memory()
    most = zygote_bytes + MEMORY_BYTES_MAX
    cpu_s = CPU_MAX_S[mode]
    for limit, value in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _LINE + 2),  # one more for the ruleset; 0 behind it
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    confine_wholly()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    filter_calls()


def _be_nobody() -> None:
    """For who runs all of this as root."""
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:  # a container that has no such user: the other walls stand
        pass
    end_with_parent()  # was forgotten with the user


def _serve(line: Line, formats: ModuleType) -> None:
    try:
        ask, fields = decode_request(line.hear())
        if ask is Ask.EXAMINE:
            name = fields.text(1, NAME_BYTES_MAX)
            file = cast(BinaryIO, BookFile(line, fields.uint(2)))
            _guarded(line, partial(_examine, line, formats.examine(file, name)))
        else:
            _read_out(line, formats, fields)
    except Hung:
        pass


def _read_out(line: Line, formats: ModuleType, fields: Fields) -> None:
    kind = Kind(fields.text(1, 32))
    file = cast(BinaryIO, BookFile(line, fields.uint(2)))
    books: list[Opened] = []

    def begin() -> None:
        books.append(formats.format_of(kind).open(file))
        line.answer(Done())

    _guarded(line, begin)
    while books:
        ask, fields = decode_request(line.hear())
        if ask is Ask.OUTLINE:
            _guarded(line, partial(_outline, line, books[0]))
        else:
            path = fields.text(1, NAME_BYTES_MAX)
            _guarded(line, partial(_fetch, line, books[0], path))


def _guarded(line: Line, job: Callable[[], None]) -> None:
    """Whatever goes wrong in a format is said, as a number."""
    why = None
    try:
        job()
    except Hung:
        raise
    except NothingToDo:
        line.answer(Nothing())
    except UnfitBook as problem:
        why = why_of(problem)
    except MemoryError:
        why = Why.TOO_MUCH
    except Exception:  # noqa: BLE001 - foreign parsers, foreign bytes: there is no list of what they raise
        why = Why.DAMAGED
    if why is not None:
        line.answer(Unfit(why))


def _examine(line: Line, found: Iterator[Facts | Passage]) -> None:
    left_bytes, left = TEXT_BYTES_MAX, PASSAGES_MAX
    for one in found:
        if isinstance(one, Facts):
            line.answer(clean_facts(one))
            continue
        clean = clean_passage(one)
        left_bytes -= len(clean.text.encode()) + len(clean.heading.encode())
        left -= 1
        if left_bytes < 0 or left < 0:
            break  # what is found stays; the rest is found by its title
        line.answer(clean)
    line.answer(Done())


def _outline(line: Line, book: Opened) -> None:
    chapters = clean_chapters(book.outline()[:CHAPTERS_MAX])
    for first in range(0, len(chapters), CHAPTERS_PER_FRAME):
        line.answer(Chapters(chapters[first : first + CHAPTERS_PER_FRAME]))
    line.answer(Done())


def _fetch(line: Line, book: Opened, path: str) -> None:
    found = book.fetch(path)
    body = found.body
    if len(body) > RESOURCE_BYTES_MAX:
        line.answer(Unfit(Why.TOO_MUCH))
        return
    line.answer(Head(found.media_type, one_line(found.title, 1024), len(body)))
    for first in range(0, len(body), BLOCK_BYTES):
        line.answer(Piece(body[first : first + BLOCK_BYTES]))
