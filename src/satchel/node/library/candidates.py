"""Which files are to become which books: one each, but for archives cut in pieces. Reads nothing."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from satchel.core.handover.messages import EntryKind
from satchel.ports.files import SourceEntry

_PIECE = re.compile(rb"(?P<whole>.+\.zim)(?P<which>[a-z]{2})", re.IGNORECASE | re.DOTALL)
_PIECES_MAX = 26 * 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What may become a book."""

    path: str = field(repr=False)  # as a person has named it, and below; for showing
    entries: tuple[SourceEntry, ...] = field(repr=False)  # one behind the other they are its content
    lacks: str | None = None  # the name of a piece that is not there

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def size_bytes(self) -> int:
        return sum(entry.size for entry in self.entries)


def candidates(entries: Iterable[SourceEntry]) -> list[Candidate]:
    """In the order of `entries`. What lies in a folder under a name with a dot in front is left out: it is of
    a program, not of a person. What was named itself is not."""
    files = [
        entry
        for entry in entries
        if entry.kind is EntryKind.FILE and not any(part.startswith(b".") for part in entry.path[1:])
    ]
    pieces: dict[tuple[bytes, ...], list[SourceEntry]] = {}
    for entry in files:
        if (whole := _whole(entry)) is not None:
            pieces.setdefault(whole, []).append(entry)
    return list(_books(files, pieces))


def _books(
    files: Sequence[SourceEntry], pieces: dict[tuple[bytes, ...], list[SourceEntry]]
) -> Iterator[Candidate]:
    for entry in files:
        whole = _whole(entry)
        if whole is None:
            yield Candidate(path=_shown(entry.path), entries=(entry,))
        elif (joined := pieces.pop(whole, None)) is not None:
            joined.sort(key=lambda one: one.path[-1].lower())
            yield Candidate(path=_shown(whole), entries=tuple(joined), lacks=_lacking(joined))


def _whole(entry: SourceEntry) -> tuple[bytes, ...] | None:
    """Of what it is a piece: x.zim of x.zimaa, x.zimab ..."""
    piece = _PIECE.fullmatch(entry.path[-1])
    return (*entry.path[:-1], piece["whole"]) if piece is not None else None


def _lacking(pieces: Sequence[SourceEntry]) -> str | None:
    """The first that is not there, of those before the last one. Nobody can say how many there were."""
    for number, entry in enumerate(pieces):
        right = bytes((ord("a") + number // 26 % 26, ord("a") + number % 26))
        if number >= _PIECES_MAX or entry.path[-1][-2:].lower() != right:
            return (entry.path[-1][:-2] + right).decode(errors="replace")
    return None


def _shown(path: tuple[bytes, ...]) -> str:
    return b"/".join(path).decode(errors="replace")
