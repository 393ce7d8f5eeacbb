"""Letters in the database of the profile: what people wrote, and what is still under way of it.

What has come, or is sealed, is stored in the transaction that moves its chain on (W4); what is deleted is
overwritten in it (T2). Spec: docs/spec/profile.md, 11. Here is what a person sees and does; `arrivals` is
what bundles bring, `sending` what becomes of own ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import apsw

from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import Attachment, Letter, LetterId, encode_letter, sort_key
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import StoredAttachment, StoredLetter
from satchel.store.contact_key import key_of
from satchel.store.contents import Contents, Written
from satchel.store.database import DamagedRow, Database, checked_row, checked_rows
from satchel.store.sending import release

LINE_CHARACTERS = 200  # of each text, where all letters of somebody are listed
PREVIEW_CHARACTERS = 2_000  # where a stretch of them is read
UTF8_BYTES_MAX = 4  # of a character
TEXT_BYTES_MAX = 16 << 10  # a longer text is a blob, so that erasing something does not write it anew
_LETTER = (
    "SELECT l.id, state, place, text, blob, written_s, reply_to, expiry_hour,"
    " coalesce((SELECT min(handed) FROM own_bundle WHERE letter = l.key AND NOT ended), 0), l.key, l.contact"
    " FROM letter AS l"
)
_STRETCH = (  # what is left out is not read
    " WHERE l.key IN (SELECT key FROM letter WHERE contact = ? ORDER BY place DESC, id DESC LIMIT ? OFFSET ?)"
)
# So many bytes of each text, since for SQLite it ends at its first zero. Of an empty one there is no part.
_BEGINNING = _LETTER.replace(
    " text,", " iif(text IS NULL, NULL, coalesce(substr(CAST(text AS BLOB), 1, ?), x'')),"
)
_TYPES = (
    *(bytes, int, int, str | None, int | None, int | None, bytes | None, int | None),
    *(int, int, int),
)
_BEGINNING_TYPES = (*_TYPES[:3], bytes | None, *_TYPES[4:])
_STATES = {state.value for state in LetterState}
_OF = " WHERE l.contact = (SELECT key FROM contact WHERE id = ?) AND l.id = ?"


class SqliteLetters:
    """See ports.letters.Letters, of which this is the part about whole letters. May be used from several
    threads."""

    def __init__(self, database: Database, contents: Contents) -> None:
        self._database = database
        self._contents = contents

    def write(self, contact: ContactId, id: LetterId, letter: Letter) -> None:
        encode_letter(letter)
        with self._contents.written(bodies_of(letter)) as written, self._database.changing() as connection:
            key = key_of(connection, contact)
            if _is_here(connection, key, id):
                raise MisuseError("a letter of this id is here already")
            insert_letter(
                connection,
                self._contents,
                contact=key,
                id=id,
                letter=letter,
                written=written,
                state=LetterState.KEPT,
            )

    def conversation(self, contact: ContactId) -> list[StoredLetter]:
        return self._stretch(contact, last=None, skip=0, characters=LINE_CHARACTERS)

    def count(self, contact: ContactId) -> int:
        with self._database.reading() as connection:
            key = key_of(connection, contact)
            return int(connection.execute("SELECT count(*) FROM letter WHERE contact = ?", (key,)).get)

    def stretch(self, contact: ContactId, *, last: int | None, skip: int) -> list[StoredLetter]:
        return self._stretch(contact, last=last, skip=skip, characters=PREVIEW_CHARACTERS)

    def _stretch(
        self, contact: ContactId, *, last: int | None, skip: int, characters: int
    ) -> list[StoredLetter]:
        bytes_max = characters * UTF8_BYTES_MAX + 1
        with self._database.reading() as connection:
            key, limit = key_of(connection, contact), -1 if last is None else last
            rows = checked_rows(
                connection, f"{_BEGINNING}{_STRETCH}", (bytes_max, key, limit, skip), _BEGINNING_TYPES
            )
            found = [(row, _attachments(connection, row[9])) for row in rows]
            if not {row[1] for row in rows} <= _STATES:
                raise DamagedRow
        letters = [self._stored(contact, row, attachments, characters) for row, attachments in found]
        return sorted(letters, key=lambda one: sort_key(one.order, one.id))

    def _stored(
        self, contact: ContactId, row: Sequence[Any], attachments: Sequence[Any], characters: int
    ) -> StoredLetter:
        bytes_max = characters * UTF8_BYTES_MAX + 1
        id, state, order, beginning, blob, written_s, reply_to, expiry_hour, handed, *_ = row
        if beginning is None and blob is not None:
            beginning = self._contents.read(blob, bytes_max)
        text = None if beginning is None else beginning.decode("utf-8", "ignore")  # cut in a character
        return StoredLetter(
            contact=contact,
            id=LetterId(id),
            state=LetterState(state),
            order=order,
            text=text if text is None else text[:characters],
            is_cut=text is not None and (len(text) > characters or len(beginning) == bytes_max),
            written_s=written_s,
            reply_to=None if reply_to is None else LetterId(reply_to),
            expiry_hour=expiry_hour,
            attachments=tuple(
                StoredAttachment(name=name, size_bytes=size, is_here=blob is not None)
                for name, size, blob in attachments
            ),
            handed=handed,
        )

    def _text(self, blob: int) -> str:
        return self._contents.read(blob).decode("utf-8", "replace")

    def text(self, contact: ContactId, id: LetterId) -> str | None:
        row, _ = self._find(contact, id)
        _, _, _, text, blob, *_ = row
        return self._text(blob) if text is None and blob is not None else text

    def letter(self, contact: ContactId, id: LetterId) -> Letter:
        row, attachments = self._find(contact, id)
        _, _, order, text, blob, written_s, reply_to, expiry_hour, *_ = row
        if (text is None and blob is None) or any(blob is None for _, _, blob in attachments):
            raise _not_in_backup()
        return Letter(
            order=order,
            text=self._text(blob) if text is None else text,
            written_s=written_s,
            reply_to=None if reply_to is None else LetterId(reply_to),
            expiry_hour=expiry_hour,
            attachments=tuple(
                Attachment(name=name, content=self._contents.read(blob)) for name, _, blob in attachments
            ),
        )

    def attachment(self, contact: ContactId, id: LetterId, number: int) -> bytes:
        _, attachments = self._find(contact, id)
        if not 0 <= number < len(attachments):
            raise MisuseError("This letter has no such file.")
        blob = attachments[number][2]
        if blob is None:
            raise _not_in_backup()
        return self._contents.read(blob)

    def _find(self, contact: ContactId, id: LetterId) -> tuple[Sequence[Any], list[Sequence[Any]]]:
        with self._database.reading() as connection:
            row = find_letter(connection, contact, id)
            return row, _attachments(connection, row[9])

    def is_here(self, contact: ContactId, id: LetterId) -> bool:
        with self._database.reading() as connection:
            return _is_here(connection, key_of(connection, contact), id)

    def highest_order(self, contact: ContactId) -> int:
        with self._database.reading() as connection:
            return int(
                connection.execute(
                    "SELECT coalesce(max(place), 0) FROM letter WHERE contact = ?",
                    (key_of(connection, contact),),
                ).get
            )

    def kept(self) -> list[tuple[ContactId, LetterId]]:
        with self._database.reading() as connection:
            found = checked_rows(
                connection,
                "SELECT c.id, l.id FROM letter AS l JOIN contact AS c ON c.key = l.contact"
                " WHERE state = ? ORDER BY place, l.id",
                (LetterState.KEPT.value,),
                (bytes, bytes),
            )
        return [(ContactId(contact), LetterId(id)) for contact, id in found]

    def delete(self, contact: ContactId, id: LetterId, due: Callable[[], Reading]) -> None:
        with self._database.changing(erasing=True) as connection:
            row = find_letter(connection, contact, id)
            key = row[9]
            blobs = [row[4], *(blob for _, _, blob in _attachments(connection, key))]
            names = release(connection, self._contents, key, due)
            names += self._contents.erase(connection, (blob for blob in blobs if blob is not None))
            connection.execute("DELETE FROM letter WHERE key = ?", (key,))
        self._contents.remove_files(names)


def bodies_of(letter: Letter) -> list[bytes]:
    """What of it is not in its row: the text, if it is long, and the files."""
    text = letter.text.encode()
    return [*([text] if len(text) > TEXT_BYTES_MAX else []), *(one.content for one in letter.attachments)]


def insert_letter(
    connection: apsw.Connection,
    contents: Contents,
    *,
    contact: int,
    id: LetterId,
    letter: Letter,
    written: Sequence[Written],
    state: LetterState,
) -> None:
    """contact: its key. written: what `bodies_of` said."""
    blobs = [contents.insert(connection, contact, one) for one in written]
    text_blob = blobs.pop(0) if len(blobs) > len(letter.attachments) else None
    connection.execute(
        "INSERT INTO letter (contact, id, state, place, text, blob, written_s, reply_to, expiry_hour)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(contact, id, state.value, letter.order, letter.text if text_blob is None else None, text_blob),
            *(letter.written_s, letter.reply_to, letter.expiry_hour),
        ),
    )
    key = connection.last_insert_rowid()
    connection.executemany(
        "INSERT INTO attachment VALUES (?, ?, ?, ?, ?)",
        [
            (key, number, one.name, len(one.content), blob)
            for number, (one, blob) in enumerate(zip(letter.attachments, blobs, strict=True))
        ],
    )


def find_letter(connection: apsw.Connection, contact: ContactId, id: LetterId) -> Sequence[Any]:
    """Its row. Raises NothingToDo."""
    row = connection.execute(f"{_LETTER}{_OF}", (contact, id)).fetchone()
    if row is None:
        raise NothingToDo(
            "This letter is not here (any more).",
            safe="Nothing was changed.",
            do="Look at the letters again.",
        )
    return checked_row(row, _TYPES)


def _is_here(connection: apsw.Connection, contact: int, id: LetterId) -> bool:
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM letter WHERE contact = ? AND id = ?)", (contact, id)
        ).get
    )


def _attachments(connection: apsw.Connection, letter: int) -> list[Sequence[Any]]:
    return checked_rows(
        connection,
        "SELECT name, size, blob FROM attachment WHERE letter = ? ORDER BY number",
        (letter,),
        (bytes, int, int | None),
    )


def _not_in_backup() -> NothingToDo:
    return NothingToDo(
        "This is not here any more: this profile was made from a backup, and files are in none.",
        safe="What else there is of the letter is here.",
        do="Ask who has it to send it again.",
    )
