"""Which words stand where: searched through shard by shard, until there is enough or the time is over.

Of a word that stands in a million passages some thousand are looked at, and the best of these are shown.
Spec: docs/spec/profile.md, 13; decision 0238.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from satchel.core.library.query import Query
from satchel.errors import MisuseError
from satchel.ports.library import (
    HEADING_BYTES_MAX,
    PASSAGE_BYTES_MAX,
    PLACE_BYTES_MAX,
    WHOLE,
    BookNumber,
    Hit,
    Hits,
    Passage,
)
from satchel.store.library.excerpts import excerpt
from satchel.store.library.shard import PLACE_BITS, Shard
from satchel.store.library.shards import Shards
from satchel.store.library.texts import storable

BATCH_BYTES = 64 << 10  # of words, in one transaction: tens of milliseconds
PASSAGES_MAX = 1 << 20  # of a book
TERMS_MAX = 32
WORDS_MAX = 64  # of all terms
TITLE_ROWS_MAX = 6_000  # looked at in one search
ROWS_MAX = 6_000
AT_ONCE = 32  # rows of one book, before it is left behind
PREFIX_CHARACTERS_MIN = 3  # of the beginning of a word that is looked for inside of books


@dataclass(frozen=True, slots=True)
class _Found:
    rank: tuple[int, float]  # the smaller, the better
    shard: Shard
    row: int


class SqliteIndex:
    """See ports.library.Index. May be used from several threads."""

    def __init__(self, shards: Shards, *, now_s: Callable[[], float]) -> None:
        """`now_s`: a clock that is never set."""
        self._shards = shards
        self._now_s = now_s
        self._removing = threading.Lock()
        self._serials = threading.Lock()
        self._serial = 0

    # --- what is in it ----------------------------------------------------------------------------

    def put(self, book: BookNumber, passages: Iterable[Passage]) -> None:
        """Raises MisuseError: a passage is too long, or there are too many. Ends where the book is removed
        meanwhile, or what there is of it is damaged."""
        with self._serials:
            self._serial += 1
            serial = self._serial
        self._forget(book)
        shard = self._shards.to_put_into()
        with shard.turns.writing(), self._shards.dropping_what_is_damaged(shard):
            shard.begin(book, serial)
        for batch, is_last in _batches(passages):
            is_there = False
            with shard.turns.writing(), self._shards.dropping_what_is_damaged(shard):
                is_there = shard.put(book, serial, batch, is_last=is_last)
            if not is_there:
                return

    def _forget(self, book: BookNumber) -> None:
        """Of before. It is not overwritten: the book is still here."""
        for shard in self._shards.all():
            with shard.turns.writing(), self._shards.dropping_what_is_damaged(shard):
                if shard.has(book):
                    shard.forget([book])

    def remove(self, books: Sequence[BookNumber]) -> None:
        with self._removing:
            for shard in self._shards.all():
                with shard.turns.writing(), self._shards.dropping_what_is_damaged(shard):
                    if removed := shard.books() & set(books):
                        shard.forget(sorted(removed))
                        self._shards.write_anew(shard)

    def missing(self, books: frozenset[BookNumber]) -> frozenset[BookNumber]:
        left = set(books)
        for shard in self._shards.all():
            with shard.turns.writing(), self._shards.dropping_what_is_damaged(shard):
                left -= shard.books(is_whole=True)
        return frozenset(left)

    # --- searching --------------------------------------------------------------------------------

    def search(
        self, query: Query, *, accept: Callable[[BookNumber], bool], first: int, count: int, within_s: float
    ) -> Hits:
        looking = _Looking(self._shards, query, cache(accept), self._now_s, within_s)
        looking.through_titles()
        if len(looking.found) < first + count:
            looking.through_passages(is_prefix=False)
        if len(looking.found) < first + count and looking.may_be_prefix:
            looking.through_passages(is_prefix=True)
        ordered = sorted(looking.found.items(), key=lambda one: (one[1].rank, one[0]))
        page = ordered[max(0, first) : max(0, first) + max(0, count)]
        hits = [hit for book, one in page if (hit := looking.hit(one.shard, book, one.row)) is not None]
        return Hits(hits=hits, is_cut=looking.is_cut)

    def search_in(self, query: Query, book: BookNumber, *, first: int, count: int, within_s: float) -> Hits:
        looking = _Looking(self._shards, query, lambda _: True, self._now_s, within_s)
        hits = looking.through_book(book, max(0, first), max(0, count))
        return Hits(hits=hits, is_cut=looking.is_cut)

    def close(self) -> None:
        """May be repeated."""
        self._shards.close()


class _Looking:
    """One search, used once."""

    def __init__(
        self,
        shards: Shards,
        query: Query,
        accept: Callable[[BookNumber], bool],
        now_s: Callable[[], float],
        within_s: float,
    ) -> None:
        self._shards = shards
        self._query = query
        self._accept = accept
        self._now_s = now_s
        self._until_s = now_s() + within_s
        self.found: dict[BookNumber, _Found] = {}
        self.is_cut = False
        self._is_over = False
        last = query.terms[-1][-1] if query.terms and query.terms[-1] else ""
        self.may_be_prefix = query.is_prefix and len(last) >= PREFIX_CHARACTERS_MIN

    def is_over(self) -> bool:
        self._is_over = self._is_over or self._now_s() > self._until_s
        self.is_cut = self.is_cut or self._is_over
        return self._is_over

    def through_titles(self) -> None:
        match = _match(self._query, is_prefix=self._query.is_prefix)

        def look(shard: Shard, rows: int) -> int:
            return self._take(shard, 0, shard.titles(match, rows, self.is_over))

        if match:
            self._through_portions(TITLE_ROWS_MAX, look)

    def through_passages(self, *, is_prefix: bool) -> None:
        """`is_prefix`: each beginning costs all words that begin so; so those that are whole come first."""
        match = _match(self._query, is_prefix=is_prefix)

        def look(shard: Shard, rows: int) -> int:
            at_once = rows if is_prefix else AT_ONCE
            found = shard.inside(match, rows, self.is_over, at_once=at_once)
            return self._take(shard, 2 if is_prefix else 1, found)

        if match:
            self._through_portions(ROWS_MAX, look)

    def through_book(self, book: BookNumber, first: int, count: int) -> list[Hit]:
        match = _match(self._query, is_prefix=self._query.is_prefix)
        hits: list[Hit] = []

        def look(shard: Shard) -> None:
            if shard.has(book):
                rows = shard.in_book(match, book, first, count, self.is_over)
                found = (_hit_of(shard, book, row, self._query) for row in rows)
                hits.extend(hit for hit in found if hit is not None)

        if match:
            self._each(look)
        return hits

    def _each(self, look: Callable[[Shard], None]) -> None:
        """The newest first; one that is being written for too long is left out."""
        for shard in reversed(self._shards.all()):
            if self.is_over():
                return
            with shard.turns.searching(self._until_s - self._now_s()) as is_ours:
                if not is_ours:
                    self.is_cut = True
                    continue
                with self._shards.dropping_what_is_damaged(shard):
                    look(shard)

    def _through_portions(self, rows: int, look: Callable[[Shard, int], int]) -> None:
        """Of the rows that are looked at each shard has a share; what one leaves goes to the next ones."""
        left, shards = rows, len(self._shards.all())

        def look_at_portion(shard: Shard) -> None:
            nonlocal left, shards
            portion = max(1, left // max(1, shards))
            looked_at = look(shard, portion)
            self.is_cut = self.is_cut or looked_at >= portion
            left, shards = max(0, left - looked_at), shards - 1

        self._each(look_at_portion)

    def _take(self, shard: Shard, order: int, rows: Iterator[tuple[int, BookNumber, float]]) -> int:
        """How many rows there were."""
        count = 0
        for row, book, density in rows:
            count += 1
            known = self.found.get(book)
            rank = (order, -density)
            if (known is None or rank < known.rank) and self._accept(book):
                self.found[book] = _Found(rank, shard, row)
        return count

    def hit(self, shard: Shard, book: BookNumber, row: int) -> Hit | None:
        with shard.turns.searching(max(0.1, self._until_s - self._now_s())) as is_ours:
            if is_ours:
                with self._shards.dropping_what_is_damaged(shard):
                    return _hit_of(shard, book, row, self._query)
        self.is_cut = True
        return None


def _hit_of(shard: Shard, book: BookNumber, row: int, query: Query) -> Hit | None:
    passage = shard.passage(row)
    if passage is None:  # removed meanwhile
        return None
    place, heading, text = passage
    shown, marks = excerpt(text, query)
    return Hit(book=book, place=place, heading=heading, excerpt=shown, marks=marks)


def _match(query: Query, *, is_prefix: bool) -> str:
    """In the language of FTS5, where what stands in quotes is words and nothing else; empty: of none."""
    terms: list[str] = []
    words = 0
    for term in query.terms[:TERMS_MAX]:
        kept = [storable(word).replace('"', "").replace("\0", "") for word in term][: WORDS_MAX - words]
        words += len(kept)
        if any(kept):
            terms.append('"' + " ".join(kept) + '"')
    return " AND ".join(terms) + (" *" if terms and is_prefix else "")


def _batches(passages: Iterable[Passage]) -> Iterator[tuple[list[tuple[int, Passage]], bool]]:
    """Numbered: 0 is that of the whole book, of which there is one. And whether nothing follows."""
    batch: list[tuple[int, Passage]] = []
    size, number, has_whole = 0, 0, False
    for passage in passages:
        _require_fit(passage)
        if passage.place == WHOLE and not has_whole:
            has_whole = True
            batch.append((0, passage))
        else:
            number += 1
            if number >= PASSAGES_MAX:
                raise MisuseError(f"a book has at most {PASSAGES_MAX} passages")
            batch.append((number, passage))
        size += len(passage.words)
        if size >= BATCH_BYTES:
            yield batch, False
            batch, size = [], 0
    yield batch, True


def _require_fit(passage: Passage) -> None:
    for text, bytes_max in (
        (passage.place, PLACE_BYTES_MAX),
        (passage.heading, HEADING_BYTES_MAX),
        (passage.text, PASSAGE_BYTES_MAX),
        (passage.words, 8 * PASSAGE_BYTES_MAX),
    ):
        if len(text) > bytes_max or len(text.encode(errors="replace")) > bytes_max:
            raise MisuseError("a passage is longer than what is found as one")
        if storable(text) != text:
            raise MisuseError("a passage is not Unicode")


assert PASSAGES_MAX < 1 << PLACE_BITS
