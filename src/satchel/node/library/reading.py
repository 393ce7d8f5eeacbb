"""What the threads that read need around a file: which problem is of that file, and what becomes of it."""

from collections.abc import Iterator

from satchel.core.blobs.chunks import ContentHasher
from satchel.core.library.item import Content, Part
from satchel.core.library.kinds import Kind, kind_of
from satchel.core.library.sealed import CONTENT_BYTES_MAX, Root
from satchel.errors import EnvironmentProblem, FileChanged, UnfitBook, turning
from satchel.node.library.candidates import Candidate
from satchel.node.library.describing import COVER_TYPE, Described, describe, is_cover, media_type
from satchel.node.library.passages import end
from satchel.node.library.putting import size_of
from satchel.ports.books import Facts
from satchel.ports.library import NewBook, Passage, Written

PASSAGES_KEPT_BYTES = 4 << 20  # of one book, until it is in the catalogue


class Unreadable(Exception):
    """This file, and no other: it is set aside."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.do = do


class reading(turning):
    """Around a call that reads the file."""

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, FileChanged):
            raise changed() from exc
        if isinstance(exc, EnvironmentProblem):
            raise Unreadable(exc.what, exc.do) from exc


def changed() -> Unreadable:
    return Unreadable("It was changed while it was being read.", "Add it again.")


def why_not(candidate: Candidate) -> Unreadable | None:
    """What can be said before it is opened."""
    if candidate.lacks is not None:
        return Unreadable(
            f"A piece of it is missing: {candidate.lacks}.", "Put all pieces into one folder, and add that."
        )
    if candidate.size_bytes == 0:
        return Unreadable("There is nothing in it.", "Get another copy of it.")
    if candidate.size_bytes > CONTENT_BYTES_MAX:
        return Unreadable("It is larger than a book can be: 256 GiB.", "Divide it.")
    return None


def facts_of(looked_at: Iterator[Facts | Passage]) -> Facts:
    """What stands first. Raises UnfitBook."""
    first = next(looked_at, None)
    if not isinstance(first, Facts):
        end(looked_at)
        raise UnfitBook("What looked into it said nothing of it.", safe="", do="Get another copy of it.")
    return first


def keep(found: Iterator[Passage]) -> tuple[list[Passage], Iterator[Passage] | None]:
    """What is kept in memory, and what else comes; None: nothing."""
    kept: list[Passage] = []
    kept_bytes = 0
    for one in found:
        kept.append(one)
        kept_bytes += size_of([one])
        if kept_bytes >= PASSAGES_KEPT_BYTES:
            return kept, found
    return kept, None


def book_of(facts: Facts, candidate: Candidate, written: Written, root: Root, added_s: int | None) -> NewBook:
    cover = None
    if facts.cover is not None and is_cover(facts.cover):
        hasher = ContentHasher()
        hasher.update(facts.cover)
        cover = Content(root=Root(hasher.root()), size_bytes=len(facts.cover), media_type=COVER_TYPE)
    part = Part(root=root, size_bytes=candidate.size_bytes, media_type=media_type(facts.media_type))
    is_read = kind_of(part.media_type) is not Kind.FILE  # else only its name says anything of it
    said = Described(
        title=facts.title if is_read else None,
        authors=facts.authors,
        languages=facts.languages,
        direction=facts.direction,
        subjects=facts.subjects,
        pages=facts.pages,
        duration_s=facts.duration_s,
        contents=facts.contents,
    )
    item = describe(said, [part], name=candidate.name, cover=cover, added_s=added_s)
    return NewBook(item=item, contents=(written,), cover=facts.cover if cover is not None else None)
