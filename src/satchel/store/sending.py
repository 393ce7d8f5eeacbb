"""Own letters under way, and receipts until they leave, in the database of the profile.

Each own bundle is there until it is known to have come, or may not travel any more; what a receipt of it
looks like as long (W4: nothing of it is there after). One that is shown stays until its receipt has left:
else who meets us before and after would see that it is ours (C1). Spec: docs/spec/profile.md, 11.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import apsw

from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Speaking
from satchel.core.sealing.letter import LetterId
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import Delivery, DueReceipt, SealedPart
from satchel.store.chains import begun, further, put_speaking, speaking_of
from satchel.store.contents import Contents
from satchel.store.database import Database, checked_row, checked_rows

_UNDER_WAY = (
    "SELECT b.key, b.letter, b.number, b.expiry_hour, b.blob, l.contact, l.id, b.id FROM own_bundle AS b"
    " JOIN letter AS l ON l.key = b.letter WHERE NOT ended"
)
_UNDER_WAY_TYPES = (int, int, int, int, int | None, int, bytes, bytes)
_OF = "SELECT l.id FROM own_bundle AS b JOIN letter AS l ON l.key = b.letter WHERE b.id = ?"
_DUE = (
    "SELECT preimage, expiry_hour, due_s, due_plausible, c.id, is_own, d.id, bundle FROM due_receipt AS r"
    " JOIN contact AS c ON c.key = r.contact LEFT JOIN contact AS d ON d.key = r.deliverer"
)
_DUE_TYPES = (bytes, int, int, int, bytes, int, bytes | None, bytes | None)


class SqliteSending:
    """See ports.letters.Sending. May be used from several threads."""

    def __init__(self, database: Database, contents: Contents) -> None:
        self._database = database
        self._contents = contents

    def seal(
        self,
        contact: ContactId,
        id: LetterId,
        speaking: Speaking,
        parts: Sequence[SealedPart],
        *,
        now_s: int,
    ) -> None:
        bundles = [part.bundle for part in parts]
        with (
            self._contents.written(bundles) as written,
            self._database.changing(erasing=True) as connection,
        ):
            contact_key = begun(connection, contact)
            before = speaking_of(connection, contact_key)
            numbers = {part.number for part in parts}
            unused = range(before.place.number, speaking.place.number)
            if not numbers <= set(unused) or len(numbers) != len(parts) or not parts:
                raise MisuseError("these numbers were used")
            row = connection.execute(
                "SELECT key FROM letter WHERE contact = ? AND id = ? AND state = ?",
                (contact_key, id, LetterState.KEPT.value),
            ).fetchone()
            if row is None:
                raise NothingToDo("This letter does not wait (any more).", safe="Nothing was changed.")
            (key,) = checked_row(row, (int,))
            put_speaking(connection, contact_key, further(before, speaking))
            for part, one in zip(parts, written, strict=True):
                blob = self._contents.insert(connection, contact_key, one)
                _insert_bundle(connection, key, part, blob, now_s)
            _set_state(connection, key, LetterState.UNDER_WAY)

    def delivered(self, deliveries: Sequence[Delivery]) -> list[LetterId]:
        marks = [commitment(one.receipt.preimage) for one in deliveries]
        with self._database.reading() as connection:
            if not any(_find(connection, mark) for mark in marks):
                return []  # as nearly always: then nothing is written
        ended: list[LetterId] = []
        names: list[bytes] = []
        with self._database.changing(erasing=True) as connection:
            for one, mark in zip(deliveries, marks, strict=True):
                found = _find(connection, mark)
                if found is None:
                    continue
                key, letter, number, hour, blob, contact, id, bundle = found
                put_speaking(connection, contact, speaking_of(connection, contact).opened(number))
                names += _end(connection, self._contents, [(key, blob)])
                receipt = Receipt(preimage=one.receipt.preimage, expiry_hour=hour)
                if hour:  # else no carrier has it
                    put_due(
                        *(connection, contact, receipt, one.due),
                        is_own=True,
                        deliverer=one.deliverer,
                        bundle=bundle,
                    )
                others = connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM own_bundle WHERE letter = ? AND NOT ended)", (letter,)
                ).get
                if not others and _set_state(connection, letter, LetterState.DELIVERED):
                    ended.append(LetterId(id))
        self._contents.remove_files(names)
        return ended

    def expire(self, now_hour: int) -> list[LetterId]:
        which = "expiry_hour > 0 AND expiry_hour < ?"  # 0: for sessions only
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT 1 FROM own_bundle WHERE {which} UNION ALL SELECT 1 FROM due_receipt WHERE {which}",  # noqa: S608
                (now_hour, now_hour),
            ).fetchall()
        if not rows:
            return []
        with self._database.changing(erasing=True) as connection:
            over = checked_rows(
                connection,
                "SELECT b.blob, b.ended, l.key, l.id FROM own_bundle AS b LEFT JOIN letter AS l"
                " ON l.key = b.letter WHERE b.expiry_hour > 0 AND b.expiry_hour < ?",
                (now_hour,),
                (int | None, int, int | None, bytes | None),
            )
            names = self._contents.erase(connection, (blob for blob, *_ in over if blob is not None))
            for table in ("own_bundle", "due_receipt"):
                connection.execute(f"DELETE FROM {table} WHERE {which}", (now_hour,))  # noqa: S608
            letters = {key: LetterId(id) for _, is_ended, key, id in over if not is_ended}
            ended = [id for key, id in letters.items() if _set_state(connection, key, LetterState.EXPIRED)]
        self._contents.remove_files(names)
        return ended

    def due_receipts(self, commitments: Sequence[bytes] | None = None) -> list[DueReceipt]:
        with self._database.reading() as connection:
            if commitments is None:
                found = checked_rows(connection, f"{_DUE} ORDER BY commitment", (), _DUE_TYPES)
            else:
                which = f"{_DUE} WHERE commitment = ?"
                found = [
                    row
                    for one in dict.fromkeys(commitments)
                    for row in checked_rows(connection, which, (one,), _DUE_TYPES)
                ]
        return [
            DueReceipt(
                receipt=Receipt(preimage=preimage, expiry_hour=hour),
                due=Reading(time_s=due_s, plausible=bool(plausible)),
                contact=ContactId(contact),
                is_own=bool(is_own),
                deliverer=None if deliverer is None else ContactId(deliverer),
                bundle=None if bundle is None else BundleId(bundle),
            )
            for preimage, hour, due_s, plausible, contact, is_own, deliverer, bundle in found
        ]

    def receipts_left(self, commitments: Iterable[bytes]) -> None:
        which, names = "FROM own_bundle WHERE commitment = ? AND ended", list[bytes]()
        with self._database.changing(erasing=True) as connection:
            for one in commitments:
                connection.execute("DELETE FROM due_receipt WHERE commitment = ?", (one,))
                blob = connection.execute(f"SELECT blob {which}", (one,)).get
                names += self._contents.erase(connection, [blob] if blob is not None else [])
                connection.execute(f"DELETE {which}", (one,))
        self._contents.remove_files(names)

    def handed_over(self, ids: Iterable[BundleId]) -> set[LetterId]:
        letters: set[LetterId] = set()
        with self._database.changing() as connection:
            for id in ids:
                connection.execute("UPDATE own_bundle SET handed = handed + 1 WHERE id = ?", (id,))
                letters.update(LetterId(found) for (found,) in checked_rows(connection, _OF, (id,), (bytes,)))
        return letters


def put_due(
    connection: apsw.Connection,
    contact: int,
    receipt: Receipt,
    due: Reading,
    *,
    is_own: bool,
    deliverer: ContactId | None,
    bundle: bytes | None,
) -> None:
    """A receipt waits to leave. `contact`: key of who wrote the letter, or of whom it was for."""
    connection.execute(
        "INSERT OR REPLACE INTO due_receipt VALUES"
        " (?, ?, ?, ?, ?, ?, ?, (SELECT key FROM contact WHERE id = ?), ?)",
        (
            *(commitment(receipt.preimage), receipt.preimage, receipt.expiry_hour),
            *(due.time_s, due.plausible, contact, is_own, deliverer, bundle),
        ),
    )


def release(
    connection: apsw.Connection, contents: Contents, letter: int, due: Callable[[], Reading]
) -> list[bytes]:
    """An own letter is deleted: the receipts of what is under way of it are to leave, so that carriers drop
    it. Returns names of files to remove after the transaction."""
    found = checked_rows(
        connection,
        "SELECT key, preimage, expiry_hour, blob, contact, id FROM own_bundle WHERE letter = ? AND NOT ended",
        (letter,),
        (int, bytes, int, int | None, int, bytes),
    )
    for _, preimage, hour, _, contact, id in found:
        if hour:  # else no carrier has it
            receipt = Receipt(preimage=preimage, expiry_hour=hour)
            put_due(connection, contact, receipt, due(), is_own=True, deliverer=None, bundle=id)
    return _end(connection, contents, [(key, blob) for key, _, _, blob, _, _ in found])


def _end(
    connection: apsw.Connection, contents: Contents, ending: Sequence[tuple[int, int | None]]
) -> list[bytes]:
    """Of own bundles, by key and blob, those that are shown stay, the others go at once (custody 3.5).
    Returns names of files to remove after the transaction."""
    names: list[bytes] = []
    for key, blob in ending:
        connection.execute(
            "UPDATE own_bundle SET ended = 1 WHERE key = ? AND offered AND blob IS NOT NULL", (key,)
        )
        if not connection.changes():
            names += contents.erase(connection, [] if blob is None else [blob])
            connection.execute("DELETE FROM own_bundle WHERE key = ?", (key,))
    return names


def answer(connection: apsw.Connection, contact: int, id: LetterId) -> bool:
    """What a letter from this contact says to answer: an own one of that id has come, whatever is known of
    its receipts, and so has its last number [chain 3.3]. False: there is none that is under way, or was.

    contact: its key, whose chains have begun.
    """
    row = connection.execute(
        "SELECT key, coalesce((SELECT max(number) FROM own_bundle WHERE letter = l.key), 0) FROM letter AS l"
        " WHERE contact = ? AND id = ? AND state IN (?, ?)",
        (contact, id, LetterState.UNDER_WAY.value, LetterState.EXPIRED.value),
    ).fetchone()
    if row is None:
        return False
    key, number = checked_row(row, (int, int))
    put_speaking(connection, contact, speaking_of(connection, contact).opened(number))
    connection.execute("UPDATE letter SET state = ? WHERE key = ?", (LetterState.DELIVERED.value, key))
    return True


def _insert_bundle(connection: apsw.Connection, letter: int, part: SealedPart, blob: int, now_s: int) -> None:
    header = decode_bundle(part.bundle)
    if commitment(part.preimage) != header.commitment:
        raise MisuseError("this is not what the bundle's receipt is made of")
    connection.execute(
        "INSERT INTO own_bundle (letter, contact, number, id, expiry_hour, size_class, copies, tag,"
        " commitment, preimage, arrived_s, offered, blob)"
        " SELECT key, contact, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ? FROM letter WHERE key = ?",
        (
            *(part.number, bundle_id(part.bundle), header.expiry_hour, header.size_class),
            *(header.copies, header.tag, header.commitment, part.preimage, now_s, blob),
            letter,
        ),
    )


def _find(connection: apsw.Connection, mark: bytes) -> Sequence[Any] | None:
    row = connection.execute(f"{_UNDER_WAY} AND b.commitment = ?", (mark,)).fetchone()
    return None if row is None else checked_row(row, _UNDER_WAY_TYPES)


def _set_state(connection: apsw.Connection, letter: int, state: LetterState) -> bool:
    """False: it has ended already. A letter of which one part expired is not delivered by the others."""
    connection.execute(
        "UPDATE letter SET state = ? WHERE key = ? AND state NOT IN (?, ?)",
        (state.value, letter, LetterState.DELIVERED.value, LetterState.EXPIRED.value),
    )
    return connection.changes() == 1
