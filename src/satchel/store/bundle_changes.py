"""What custody orders, row by row, in a transaction; and the totals of each ingress beside them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import apsw

from satchel.core.bundles.header import HEADER_BYTES, SIZES_BYTES, BundleId
from satchel.core.custody.kept import (
    Change,
    Forget,
    Ingress,
    Keep,
    Past,
    Receipted,
    Recount,
    Remember,
    Remove,
    Show,
    Source,
)
from satchel.core.custody.limits import PARTIALS_MAX
from satchel.errors import MisuseError
from satchel.ports.bundles import BLOCK_BYTES
from satchel.store.database import DamagedRow, checked_row, checked_rows

STICK = 0  # the number of an ingress that is no contact
BLOCKS_MAX = 16
Numbers = Callable[[Ingress], int]
_ROW = "SELECT key, ingress, size_class FROM bundle WHERE id = ?"


class Changing:
    """One transaction of the database of custody. Call `done` at its end."""

    def __init__(self, connection: apsw.Connection, numbers: Numbers) -> None:
        """numbers: of who brought something."""
        self._connection = connection
        self._numbers = numbers
        self._sizes: Counter[int] = Counter()
        self._bundles: Counter[int] = Counter()
        self._past: Counter[int] = Counter()

    def do(self, change: Change, bundles: Mapping[BundleId, bytes]) -> bool:
        """False: it is about a bundle that is not here, so it may be an own one."""
        match change:
            case Keep() if change.kept.ingress is Source.OWN:
                return False
            case Keep():
                self._keep(change, bundles[change.kept.id])
            case Remove():
                if change.past is not None:
                    self._remember(change.past, untried=True)
                return self._remove(change.id)
            case Receipted():
                self._receipted(change)
            case Remember():
                self._remember(change.past)
            case Forget():
                self._forget(change.id)
            case Recount():
                return self._set(change.id, "copies", change.copies)
            case Show():
                return self._set(change.id, "offered", change.offered)
        return True

    def _set(self, id: BundleId, column: str, value: int) -> bool:
        self._connection.execute(f"UPDATE bundle SET {column} = ? WHERE id = ?", (value, id))  # noqa: S608
        return self._connection.changes() == 1

    def _keep(self, keep: Keep, bundle: bytes) -> None:
        kept, header = keep.kept, keep.kept.header
        if len(bundle) != header.size_bytes:
            raise MisuseError(f"{len(bundle)} bytes are not the bundle of this header")
        self.drop_partials("id = ?", kept.id)
        if self._connection.execute(_ROW, (kept.id,)).fetchone() is not None:
            return
        key, number = next_key(self._connection), self._numbers(kept.ingress)
        self._connection.execute(
            "INSERT INTO bundle VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(key, kept.id, header.expiry_hour, header.size_class, header.copies, header.tag),
                *(header.commitment, number, kept.arrived_s, kept.offered),
            ),
        )
        put_blocks(self._connection, key, 0, bundle[HEADER_BYTES:])  # so two of 2 KiB fit in a page
        self._sizes[number] += header.size_bytes
        self._bundles[number] += 1

    def _remove(self, id: BundleId) -> bool:
        row = self._connection.execute(_ROW, (id,)).fetchone()
        if row is None:
            return False
        key, number, size_class = checked_row(row, (int, int, int))
        self._connection.execute("DELETE FROM bundle WHERE key = ?", (key,))
        _drop_blocks(self._connection, key)
        self._sizes[number] -= SIZES_BYTES[size_class]
        self._bundles[number] -= 1
        return True

    def _receipted(self, change: Receipted) -> None:
        known = (change.commitment,)
        self._connection.execute(
            "UPDATE past SET preimage = ? WHERE commitment = ?", (change.preimage, *known)
        )
        for id, hour, number in checked_rows(
            self._connection,
            "SELECT id, expiry_hour, ingress FROM bundle WHERE commitment = ?",
            known,
            (bytes, int, int),
        ):
            self._remove(BundleId(id))
            self._insert_past(number, BundleId(id), change.commitment, hour, change.preimage)

    def _remember(self, past: Past, *, untried: bool = False) -> None:
        self._forget(past.id)
        number = self._numbers(past.ingress)
        self._insert_past(
            *(number, past.id, past.commitment, past.expiry_hour, past.preimage), is_large=past.is_large
        )
        if untried:
            self._mark_untried([past.id])

    def _insert_past(
        self,
        number: int,
        id: BundleId,
        commitment: bytes,
        expiry_hour: int,
        preimage: bytes | None,
        *,
        is_large: bool = False,  # of what is receipted it means nothing
    ) -> None:
        self._connection.execute(
            "INSERT INTO past (id, commitment, expiry_hour, ingress, preimage, large)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (id, commitment, expiry_hour, number, preimage, is_large),
        )
        self._past[number] += 1

    def _forget(self, id: BundleId) -> None:
        row = self._connection.execute("SELECT key, ingress FROM past WHERE id = ?", (id,)).fetchone()
        if row is not None:
            key, number = checked_row(row, (int, int))
            self._connection.execute("DELETE FROM past WHERE key = ?", (key,))
            self._past[number] -= 1

    def tried(self, but: Iterable[BundleId], lost: Iterable[BundleId]) -> None:
        """See ports.bundles.Bundles."""
        self._connection.execute("UPDATE past SET untried = 0 WHERE untried")
        self._mark_untried(lost)
        self.forget_untried()
        self._mark_untried(but)

    def _mark_untried(self, ids: Iterable[BundleId]) -> None:
        self._connection.executemany("UPDATE past SET untried = 1 WHERE id = ?", ((id,) for id in ids))

    def forget_untried(self) -> None:
        """But that which was receipted meanwhile: others are to hear of it."""
        query = "SELECT id FROM past WHERE untried AND preimage IS NULL"
        for (id,) in checked_rows(self._connection, query, (), (bytes,)):
            self._forget(BundleId(id))

    # --- unfinished -------------------------------------------------------------------------------

    def append(self, number: int, id: BundleId, at: int, blocks: bytes) -> None:
        """See ports.bundles.Bundles."""
        row = self._connection.execute(
            "SELECT key, length FROM partial WHERE ingress = ? AND id = ?", (number, id)
        ).fetchone()
        key, length = checked_row(row, (int, int)) if row is not None else (next_key(self._connection), 0)
        end = length + len(blocks)
        if at != length or len(blocks) % BLOCK_BYTES or end >= BLOCKS_MAX * BLOCK_BYTES:
            raise MisuseError(f"{length} bytes of this bundle are here, and it comes in blocks")
        self._connection.execute(
            "INSERT INTO partial SELECT ?1, ?2, ?3, ?4, coalesce(max(turn), 0) + 1 FROM partial"
            " WHERE ingress = ?3 ON CONFLICT (key) DO UPDATE SET length = ?4, turn = excluded.turn",
            (key, id, number, end),
        )
        self.drop_partials(
            "ingress = ?1 AND key NOT IN"
            " (SELECT key FROM partial WHERE ingress = ?1 ORDER BY turn DESC LIMIT ?2)",
            number,
            PARTIALS_MAX,
        )
        put_blocks(self._connection, key, at, blocks)
        self._sizes[number] += len(blocks)

    def drop_partials(self, which: str, *values: bytes | int) -> None:
        query = f"SELECT key, ingress, length FROM partial WHERE {which}"  # noqa: S608
        for key, number, length in checked_rows(self._connection, query, values, (int, int, int)):
            self._connection.execute("DELETE FROM partial WHERE key = ?", (key,))
            _drop_blocks(self._connection, key)
            self._sizes[number] -= length

    # --- totals -----------------------------------------------------------------------------------

    def give_to_sticks(self, number: int) -> None:
        """Who brought it is forgotten: nobody goes on with what is half here."""
        self.drop_partials("ingress = ?", number)
        self.done()
        for table in ("bundle", "past"):
            self._connection.execute(f"UPDATE {table} SET ingress = ? WHERE ingress = ?", (STICK, number))  # noqa: S608
        row = self._connection.execute(
            "DELETE FROM share WHERE ingress = ? RETURNING size, bundles, past", (number,)
        ).fetchone()
        self._sizes[STICK], self._bundles[STICK], self._past[STICK] = checked_row(row or (), (int, int, int))
        self.done()

    def done(self) -> None:
        """Put down what this has changed of the totals."""
        for number in {*self._sizes, *self._bundles, *self._past}:
            self._connection.execute(
                "INSERT INTO share VALUES (?1, ?2, ?3, ?4) ON CONFLICT (ingress) DO UPDATE SET"
                " size = size + ?2, bundles = bundles + ?3, past = past + ?4",
                (number, self._sizes[number], self._bundles[number], self._past[number]),
            )
        for counter in (self._sizes, self._bundles, self._past):
            counter.clear()


def next_key(connection: apsw.Connection) -> int:
    """Above those of all that is here, so that what came later has the larger one."""
    highest = connection.execute(
        "SELECT max(coalesce((SELECT max(key) FROM bundle), 0), coalesce((SELECT max(key) FROM partial), 0))"
    ).get
    return int(highest) + 1


def put_blocks(connection: apsw.Connection, key: int, at: int, blocks: bytes) -> None:
    first = key * BLOCKS_MAX + at // BLOCK_BYTES
    connection.executemany(
        "INSERT INTO block VALUES (?, ?)",
        [
            (first + place, blocks[offset : offset + BLOCK_BYTES])
            for place, offset in enumerate(range(0, len(blocks), BLOCK_BYTES))
        ],
    )


def blocks_of(connection: apsw.Connection, key: int) -> bytes:
    query = "SELECT content FROM block WHERE key BETWEEN ? AND ? ORDER BY key"
    found = checked_rows(connection, query, _places(key), (bytes,))
    if not found:
        raise DamagedRow
    return b"".join(content for (content,) in found)


def _drop_blocks(connection: apsw.Connection, key: int) -> None:
    connection.execute("DELETE FROM block WHERE key BETWEEN ? AND ?", _places(key))


def _places(key: int) -> tuple[int, int]:
    return key * BLOCKS_MAX, key * BLOCKS_MAX + BLOCKS_MAX - 1
