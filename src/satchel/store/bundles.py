"""Bundles in custody, a million of them, in a database of their own; own ones are with their letters.

Why two: what is removed here need not be overwritten, since no row says whose a bundle is. So the database
with the chains stays small, and can be written anew whenever something is erased. Who brought what is a
number here; whose number that is stands in the profile. Spec: docs/spec/profile.md, 12; decision 0215.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, TypeVar

from satchel.core.bundles.header import HOUR_BYTES, SIZES_BYTES, BundleId, Header, encode_header, with_copies
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.copies import FIRST_MIN
from satchel.core.custody.kept import Change, Ingress, Kept, Known, Past, Recount, Remove, Share, Show, Source
from satchel.core.identity.contacts import ContactId
from satchel.store.bundle_changes import BLOCKS_MAX, STICK, Changing, blocks_of
from satchel.store.contents import Contents
from satchel.store.database import DamagedRow, Database, checked_row, checked_rows

FIRST_ROWS = 16
PAGES_AT_ONCE = 2_000  # given back to the disk, 4 KiB each
ROWS_AT_ONCE = 10_000  # of a stream: between them others have their turn
_HEADER = "size_class, expiry_hour, copies, tag, commitment"
_KEPT = f"id, ingress, arrived_s, offered, {_HEADER}"
_KEPT_TYPES = (bytes, int, int, int, int, int, int, bytes, bytes)
_PAST = "id, commitment, expiry_hour, ingress, preimage, large"
_PAST_TYPES = (bytes, bytes, int, int, bytes | None, int)
_AWAITED = "SELECT DISTINCT commitment FROM past WHERE large AND preimage IS NULL AND"
# Of what is unfinished the header is the beginning of its first block, with the expiry as bytes 2 to 4.
_OVER = (
    f"key IN (SELECT p.key FROM partial AS p JOIN block AS b ON b.key = p.key * {BLOCKS_MAX}"  # noqa: S608
    " WHERE substr(content, 2, 3) > x'000000' AND substr(content, 2, 3) < ?)"
)
_OWN_NUMBER = -1
_UNDER_WAY = f"SELECT id, -1, arrived_s, offered, {_HEADER} FROM own_bundle WHERE"  # noqa: S608
_OWN = f"{_UNDER_WAY} blob IS NOT NULL AND"
_OF_CONTACT = "NOT ended AND contact = (SELECT key FROM contact WHERE id = ?)"
_Row = Sequence[Any]
_T = TypeVar("_T")


class SqliteBundles:
    """See ports.bundles.Bundles. May be used from several threads."""

    def __init__(self, database: Database, custody: Database, contents: Contents) -> None:
        """`database`: of the profile. `custody`: what ProfileFolder.open_custody gives."""
        self._database = database
        self._custody = custody
        self._contents = contents

    # --- looking: core.custody.kept.Index ---------------------------------------------------------

    def kept(self, id: BundleId) -> Kept | None:
        found = self._carried("id = ?", id) or self._own("id = ?", id)
        return found[0] if found else None

    def past(self, id: BundleId) -> Past | None:
        return next(iter(self._past("id = ?", id)), None)

    def known(self, commitment: bytes) -> Known | None:
        which = "commitment = ?"
        own = self._own(which, commitment, table=_UNDER_WAY)  # a backup has no bytes, and hears of it still
        past = self._past(f"{which} ORDER BY preimage IS NULL LIMIT 1", commitment)
        if not own and not past and not self._carried(f"{which} LIMIT 1", commitment):
            return None
        return Known(
            own=own[0] if own else None,
            receipt=past[0] if past and past[0].preimage is not None else None,
        )

    def shares(self) -> Mapping[Ingress, Share]:
        with self._custody.reading() as connection:
            stored = checked_rows(
                connection, "SELECT ingress, size, bundles, past FROM share", (), (int, int, int, int)
            )
        names = self._names()
        if forgotten := [number for number, *_ in stored if number not in names]:
            with self._custody.changing() as connection:
                for number in forgotten:
                    Changing(connection, self._number).give_to_sticks(number)
            return self.shares()
        shares: dict[Ingress, Share] = {
            names[number]: Share(size_bytes=size, bundles=bundles, past=past)
            for number, size, bundles, past in stored
            if size or bundles or past
        }
        with self._database.reading() as connection:
            query = "SELECT size_class, count(*) FROM own_bundle WHERE blob IS NOT NULL GROUP BY size_class"
            own = checked_rows(connection, query, (), (int, int))
        if own:
            size_bytes = sum(SIZES_BYTES[size_class] * count for size_class, count in own)
            shares[Source.OWN] = Share(size_bytes=size_bytes, bundles=sum(count for _, count in own))
        return shares

    def oldest(self, ingress: Ingress, size_class: int) -> Iterator[Kept]:
        if ingress is Source.OWN:
            yield from self._own("size_class = ? ORDER BY key", size_class)
            return
        which = f"ingress = ? AND size_class = ? AND (copies >= {FIRST_MIN}) = ?"
        for is_first in (False, True):
            values = self._number(ingress), size_class, is_first
            yield from self._in_order("bundle", _KEPT, which, values, _kept_of(self._names()))

    def oldest_past(self, ingress: Ingress) -> Iterator[Past]:
        yield from self._in_order(
            "past", _PAST, "ingress = ?", (self._number(ingress),), _past_of(self._names())
        )

    def expired(self, hour: int) -> Iterator[Kept | Past]:
        yield from self._own("expiry_hour < ? AND expiry_hour > 0", hour)
        which, names = "expiry_hour < ?", self._names()
        yield from self._by_expiry("bundle", _KEPT, which, (hour,), _kept_of(names))
        yield from self._by_expiry("past", _PAST, which, (hour,), _past_of(names))

    def partial(self, contact: ContactId, id: BundleId) -> bytes:
        number = self._number(contact)
        with self._custody.reading() as connection:
            key = connection.execute("SELECT key FROM partial WHERE ingress = ? AND id = ?", (number, id)).get
            return blocks_of(connection, key) if key is not None else b""

    # --- looking, besides -------------------------------------------------------------------------

    def rows(self) -> Iterator[tuple[int, BundleId]]:
        with self._database.reading() as connection:
            own = checked_rows(
                connection,
                "SELECT expiry_hour, id FROM own_bundle"
                " WHERE offered AND blob IS NOT NULL AND expiry_hour > 0 ORDER BY expiry_hour, id",
                (),
                (int, bytes),
            )
        carried = self._by_expiry("bundle", "expiry_hour, id", "offered", (), _pair_of)
        yield from merge(map(_pair_of, own), carried)

    def tags(self) -> Iterator[bytes]:
        query, last = "SELECT DISTINCT tag FROM bundle WHERE tag > ? ORDER BY tag LIMIT ?", b""
        while True:
            with self._custody.reading() as connection:
                found = checked_rows(connection, query, (last, ROWS_AT_ONCE), (bytes,))
            if not found:
                return
            for (last,) in found:
                yield last

    def with_tag(self, tag: bytes) -> Iterator[Kept]:
        yield from self._in_order("bundle", _KEPT, "tag = ?", (tag,), _kept_of(self._names()))

    def with_commitment(self, commitment: bytes) -> list[Kept]:
        return self._carried("commitment = ?", commitment)

    def to(self, contact: ContactId) -> list[Kept]:
        return self._own(_OF_CONTACT, contact)

    def awaited(self, start: bytes, count: int) -> list[bytes]:
        found: list[bytes] = []
        with self._custody.reading() as connection:
            for which in ("commitment >= ?", "commitment < ?"):
                query = f"{_AWAITED} {which} ORDER BY commitment LIMIT ?"
                rows = checked_rows(connection, query, (start, count - len(found)), (bytes,))
                found += [commitment for (commitment,) in rows]
        return found

    def read(self, id: BundleId) -> bytes | None:
        with self._custody.reading() as connection:
            row = connection.execute(f"SELECT key, {_KEPT} FROM bundle WHERE id = ?", (id,)).fetchone()  # noqa: S608
            if row is not None:
                header = _kept_of({})(row[1:]).header
                return encode_header(header) + blocks_of(connection, checked_row(row[:1], (int,))[0])
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT blob, copies FROM own_bundle WHERE id = ? AND blob IS NOT NULL", (id,)
            ).fetchone()
            if row is None:
                return None
            blob, copies = checked_row(row, (int, int))
        return with_copies(self._contents.read(blob), copies)

    def receipts(self) -> Iterator[Receipt]:
        which = "preimage IS NOT NULL"
        yield from self._in_order("past", "preimage, expiry_hour", which, (), _receipt_of)

    def partials(self, contact: ContactId) -> dict[BundleId, int]:
        number = self._number(contact)
        with self._custody.reading() as connection:
            found = checked_rows(
                connection, "SELECT id, length FROM partial WHERE ingress = ?", (number,), (bytes, int)
            )
        return {BundleId(id): length for id, length in found}

    # --- changing ---------------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change], bundles: Mapping[BundleId, bytes] | None = None) -> None:
        with self._custody.changing() as connection:
            changing = Changing(connection, self._number)
            others = [change for change in changes if not changing.do(change, bundles or {})]
            changing.done()
        if others:
            self._change_own(others)

    def tried(self, *, but: Iterable[BundleId], lost: Iterable[BundleId]) -> None:
        with self._custody.changing() as connection:
            changing = Changing(connection, self._number)
            changing.tried(but, lost)
            changing.done()

    def forget_untried(self) -> None:
        with self._custody.reading() as connection:
            some = connection.execute("SELECT 1 FROM past WHERE untried LIMIT 1").get
        if some is not None:
            with self._custody.changing() as connection:
                changing = Changing(connection, self._number)
                changing.forget_untried()
                changing.done()

    def _change_own(self, changes: Sequence[Change]) -> None:
        """What is about bundles that are not in custody."""
        removed = [(one.id,) for one in changes if isinstance(one, Remove)]
        with self._database.reading() as connection:
            mine = [id for id in removed if connection.execute(f"{_OWN} id = ?", id).fetchone() is not None]
        names: list[bytes] = []
        with self._database.changing(erasing=bool(mine)) as connection:
            for (id,) in mine:
                blob = connection.execute("SELECT blob FROM own_bundle WHERE id = ?", (id,)).get
                names += self._contents.erase(connection, [blob] if blob is not None else [])
            for change in changes:
                if isinstance(change, Recount):
                    connection.execute(
                        "UPDATE own_bundle SET copies = ? WHERE id = ?", (change.copies, change.id)
                    )
                elif isinstance(change, Show):
                    connection.execute(
                        "UPDATE own_bundle SET offered = ? WHERE id = ?", (change.offered, change.id)
                    )
        self._contents.remove_files(names)

    def append(self, contact: ContactId, id: BundleId, at: int, blocks: bytes) -> None:
        number = self._number(contact)
        with self._custody.changing() as connection:
            changing = Changing(connection, self._number)
            changing.append(number, id, at, blocks)
            changing.done()

    def drop_partials(self, contact: ContactId, ids: Sequence[BundleId]) -> None:
        number = self._number(contact)
        with self._custody.changing() as connection:
            changing = Changing(connection, self._number)
            for id in ids:
                changing.drop_partials("ingress = ? AND id = ?", number, id)
            changing.done()

    def give_back(self) -> bool:
        with self._custody.changing(erasing=True) as connection:
            before = int(connection.execute("PRAGMA freelist_count").get)
            connection.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
            return 0 < int(connection.execute("PRAGMA freelist_count").get) < before

    def expire_partials(self, hour: int) -> list[BundleId]:
        limit = hour.to_bytes(HOUR_BYTES, "big")
        with self._custody.reading() as connection:
            rows = checked_rows(connection, f"SELECT id FROM partial WHERE {_OVER}", (limit,), (bytes,))  # noqa: S608
        if rows:  # nearly never
            with self._custody.changing() as connection:
                changing = Changing(connection, self._number)
                changing.drop_partials(_OVER, limit)
                changing.done()
        return [BundleId(id) for (id,) in rows]

    # --- rows -------------------------------------------------------------------------------------

    def _carried(self, which: str, *values: bytes | int) -> list[Kept]:
        with self._custody.reading() as connection:
            rows = connection.execute(f"SELECT {_KEPT} FROM bundle WHERE {which}", values).fetchall()  # noqa: S608
            read = _kept_of(self._names() if rows else {})
            return [read(row) for row in rows]

    def _past(self, which: str, *values: bytes | int) -> list[Past]:
        with self._custody.reading() as connection:
            rows = connection.execute(f"SELECT {_PAST} FROM past WHERE {which}", values).fetchall()  # noqa: S608
            read = _past_of(self._names() if rows else {})
            return [read(row) for row in rows]

    def _own(self, which: str, *values: bytes | int, table: str = _OWN) -> list[Kept]:
        read = _kept_of({_OWN_NUMBER: Source.OWN})
        with self._database.reading() as connection:
            return [read(row) for row in connection.execute(f"{table} {which}", values).fetchall()]

    def _in_order(
        self, table: str, columns: str, which: str, values: Sequence[int | bytes], read: Callable[[_Row], _T]
    ) -> Iterator[_T]:
        """The oldest first. A few at first, since who makes room often wants one."""
        query = f"SELECT key, {columns} FROM {table} WHERE {which} AND key > ? ORDER BY key LIMIT ?"  # noqa: S608
        last, at_once = 0, FIRST_ROWS
        while True:
            with self._custody.reading() as connection:
                rows = connection.execute(query, (*values, last, at_once)).fetchall()
                found = [read(row[1:]) for row in rows]
            if not rows:
                return
            yield from found
            (last,), at_once = checked_row(rows[-1][:1], (int,)), ROWS_AT_ONCE

    def _by_expiry(
        self, table: str, columns: str, which: str, values: Sequence[int], read: Callable[[_Row], _T]
    ) -> Iterator[_T]:
        query = (
            f"SELECT expiry_hour, id, {columns} FROM {table} WHERE {which} AND (expiry_hour, id) > (?, ?)"  # noqa: S608
            " ORDER BY expiry_hour, id LIMIT ?"
        )
        last: tuple[Any, ...] = (-1, b"")
        while True:
            with self._custody.reading() as connection:
                rows = connection.execute(query, (*values, *last, ROWS_AT_ONCE)).fetchall()
                found = [read(row[2:]) for row in rows]
            if not rows:
                return
            yield from found
            last = rows[-1][:2]

    # --- who brought it ---------------------------------------------------------------------------

    def _names(self) -> dict[int, Ingress]:
        with self._database.reading() as connection:
            found = checked_rows(
                connection,
                "SELECT i.key, c.id FROM ingress AS i JOIN contact AS c ON c.key = i.contact",
                (),
                (int, bytes),
            )
        return {STICK: Source.STICK, **{number: ContactId(id) for number, id in found}}

    def _number(self, ingress: Ingress) -> int:
        """Of who brought something; of a stick where nobody is known by that id (any more). What is
        remembered of an own bundle counts as a stick's: nothing here names one as ours (T2)."""
        if isinstance(ingress, Source):
            return STICK
        select = "SELECT i.key FROM ingress AS i JOIN contact AS c ON c.key = i.contact WHERE c.id = ?"
        with self._database.reading() as connection:
            number = connection.execute(select, (ingress,)).get
        if number is None:
            with self._database.changing() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO ingress (contact) SELECT key FROM contact WHERE id = ?", (ingress,)
                )
                number = connection.execute(select, (ingress,)).get
        return STICK if number is None else int(number)


def _kept_of(names: Mapping[int, Ingress]) -> Callable[[_Row], Kept]:
    """names: of numbers; nobody else's are a stick's."""

    def read(row: _Row) -> Kept:
        id, number, arrived_s, offered, size_class, hour, copies, tag, commitment = checked_row(
            row, _KEPT_TYPES
        )
        if not 0 <= size_class < len(SIZES_BYTES):
            raise DamagedRow
        return Kept(
            id=BundleId(id),
            header=Header(
                size_class=size_class, expiry_hour=hour, copies=copies, tag=tag, commitment=commitment
            ),
            ingress=names.get(number, Source.STICK),
            arrived_s=arrived_s,
            offered=bool(offered),
        )

    return read


def _past_of(names: Mapping[int, Ingress]) -> Callable[[_Row], Past]:
    def read(row: _Row) -> Past:
        id, commitment, hour, number, preimage, large = checked_row(row, _PAST_TYPES)
        return Past(
            id=BundleId(id),
            commitment=commitment,
            expiry_hour=hour,
            ingress=names.get(number, Source.STICK),
            preimage=preimage,
            is_large=bool(large),
        )

    return read


def _pair_of(row: _Row) -> tuple[int, BundleId]:
    hour, id = checked_row(row, (int, bytes))
    return hour, BundleId(id)


def _receipt_of(row: _Row) -> Receipt:
    preimage, hour = checked_row(row, (bytes, int))
    return Receipt(preimage=preimage, expiry_hour=hour)
