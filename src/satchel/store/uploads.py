"""What the owner's page has brought, in the database of the profile; its bytes are blobs.

An upload that was sent lives as long as something names it: a thing in the queue, an unfinished hand-over, a
command that runs. One that was never sent is erased after some days.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apsw

from satchel.core.blobs.sealed import BLOB_BYTES_MAX, BLOCK_BYTES
from satchel.core.handover.codec import MTIME_NS_MAX
from satchel.core.wire.paths import refusal
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.ports.uploads import Chosen, Incoming, NotAtThatPlace, Upload, UploadId
from satchel.problems import disk_problems
from satchel.store.ages import as_reading, is_over
from satchel.store.blobs import BlobFolder, BlobReader, Draw, erased
from satchel.store.database import Database, checked_row
from satchel.store.incoming import Awaited, ManyIncoming, OneIncoming
from satchel.store.upload_names import ID_BYTES, ids_named

UPLOADS_MAX = 200_000  # as many as one offer can have
RESERVE_BYTES = 256 << 20  # stays free on the disk: for the database, and for the rest of the machine
_UPLOAD = (
    "SELECT u.id, u.bunch, u.path, b.size, u.mtime_ns, b.length, u.sent, u.used_s, u.key, b.key, b.name"
    " FROM upload AS u LEFT JOIN blob AS b ON b.key = u.blob"
)
_TYPES = (
    *(bytes, bytes, bytes, int | None, int, int | None, int),
    *(int | None, int, int | None, bytes | None),
)
_SAME = " WHERE u.path = ? AND b.size IS ? AND u.mtime_ns = ? AND u.sent = 0 ORDER BY u.key"


@dataclass(frozen=True, slots=True)
class _Row:
    upload: Upload
    used_s: int | None
    key: int
    blob: int | None  # None: a folder
    name: bytes | None  # of the blob's file


class SqliteUploads:
    """See ports.uploads.Uploads. May be used from several threads; one for all commands of a profile."""

    def __init__(
        self,
        database: Database,
        blobs: BlobFolder,
        *,
        draw: Draw,
        now_s: Callable[[], int],
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        """`now_s`: wall clock, seconds since 1970. `reserve_bytes`: of the disk, stay free."""
        self._database = database
        self._blobs = blobs
        self._draw = draw
        self._now_s = now_s
        self._reserve_bytes = reserve_bytes
        self._guard = threading.Lock()  # guards the next three
        self._held: Counter[bytes] = Counter()  # of commands that run
        self._coming: set[bytes] = set()
        self._divided: set[bytes] = set()  # groups of which a file went over to a newer one
        self.expired = 0

    # --- bringing ---------------------------------------------------------------------------------

    def begin(self, group: bytes, files: Sequence[Chosen]) -> Sequence[Upload]:
        for file in files:
            _require_possible(group, file)
        self._require_open(group)
        known = self._known(files)
        self._require_room(
            group,
            {upload.id for upload in known.values()},
            sum((file.size or 0) - (known[file].have if file in known else 0) for file in set(files)),
        )
        begun = dict(known)
        used_s = as_reading(self._now_s())
        with self._database.changing() as connection:
            new = len(set(files)) - len(known)
            if new and connection.execute("SELECT count(*) FROM upload").get + new > UPLOADS_MAX:
                raise _too_many()
            for file in files:
                if file not in begun:
                    begun[file] = self._add(connection, group, file, used_s)
            for upload in known.values():
                connection.execute(
                    "UPDATE upload SET bunch = ?, used_s = ? WHERE id = ? AND sent = 0",
                    (group, used_s, upload.id),
                )
                if not connection.changes():
                    raise erased()  # or sent: what was sent stays what was shown then
            with self._guard:  # before any of it is gone from there
                self._divided |= {upload.group for upload in known.values()} - {group}
        return [replace(begun[file], group=group) for file in files]

    def _add(self, connection: apsw.Connection, group: bytes, file: Chosen, used_s: int | None) -> Upload:
        id = UploadId(self._draw(ID_BYTES))
        blob = self._blobs.add(connection, file.size) if file.size is not None else None
        connection.execute(
            "INSERT INTO upload (id, bunch, path, mtime_ns, blob, used_s) VALUES (?, ?, ?, ?, ?, ?)",
            (id, group, b"/".join(file.path), file.mtime_ns, blob, used_s),
        )
        return Upload(
            id=id,
            group=group,
            path=file.path,
            size=file.size,
            mtime_ns=file.mtime_ns,
            have=0,
            sent=False,
        )

    def _known(self, files: Sequence[Chosen]) -> dict[Chosen, Upload]:
        """The same ones, that nobody was given and no command offers."""
        found: dict[Chosen, Upload] = {}
        with self._guard:
            held = set(self._held)
        for file in dict.fromkeys(files):
            same = (b"/".join(file.path), file.size, file.mtime_ns)
            with self._database.reading() as connection:
                rows = map(_row_of, connection.execute(f"{_UPLOAD}{_SAME}", same).fetchall())
            known = next((row for row in rows if not held & {row.upload.id, row.upload.group}), None)
            if known is not None:
                found[file] = self._with_its_bytes(known)
        return found

    def _with_its_bytes(self, known: _Row) -> Upload:
        if known.blob is None or self._blobs.has_all_of(found := self._blobs.find(known.blob)):
            return known.upload
        self._blobs.begin_anew(found)  # the disk has lost it, or somebody has cut it off
        return replace(known.upload, have=0)

    def _require_open(self, group: bytes) -> None:
        """What was sent is what was shown then."""
        with self._database.reading() as connection:
            was_sent = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM upload WHERE bunch = ? AND sent = 1)", (group,)
            ).get
        if was_sent:
            raise MisuseError(
                "What was dropped together with this was sent already.",
                safe="It goes as it was.",
                do="Drop the file once more, by itself.",
            )

    def _require_room(self, group: bytes, known: Set[bytes], missing: int) -> None:
        """For what is `missing` of some, and what is still to come of others begun together with them.

        `known`: those of them that were begun before.
        """
        with self._guard:
            coming = set(self._coming)
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT u.id, u.bunch, b.size - b.length FROM upload AS u JOIN blob AS b ON b.key = u.blob"
                " WHERE b.length < b.size"
            ).fetchall()
        kept = [checked_row(row, (bytes, bytes, int)) for row in rows]
        others = sum(
            int(left)
            for other, bunch, left in kept
            if other not in known and (bunch == group or other in coming)
        )
        free = self._free_bytes()
        if missing and free - others - missing < self._reserve_bytes:
            problem = EnvironmentProblem(
                f"There is no room for this: {free >> 20:,} MiB are free on the disk of the profile,"
                f" {(others + missing) >> 20:,} MiB are to come,"
                f" and {self._reserve_bytes >> 20} MiB must stay free.",
                safe="Nothing of it was taken, and what is here stays.",
                do="Make room on that disk, then try again. Or send the file by its path: satchel send PATH",
            )
            problem.disk_full = True
            raise problem

    def _free_bytes(self) -> int:
        with disk_problems("look at the disk of the profile"):
            status = os.statvfs(self._blobs.folder.parent)
        return status.f_bavail * status.f_frsize

    def append(self, id: UploadId, at: int) -> Incoming:
        with self._bringing([id]):
            known = self._find(id)
            have = known.upload.have
            if known.blob is None or at != have:
                raise NotAtThatPlace(f"{have} bytes of this are there, not {at}.", have=have)
            return OneIncoming(self._blobs.write(known.blob), partial(self._brought, [id]))

    def together(self, ids: Sequence[UploadId]) -> Incoming:
        with self._bringing(ids):
            files = [self._awaited(id) for id in ids]
            return ManyIncoming(self._blobs.write_together(), files, partial(self._brought, ids))

    def _awaited(self, id: UploadId) -> Awaited:
        known = self._find(id)
        if known.blob is None or known.upload.size is None or known.upload.size > BLOCK_BYTES:
            raise MisuseError(f"api 4.6: only files of {BLOCK_BYTES} bytes at most come together.")
        return Awaited(known.blob, known.upload.size, known.upload.is_whole)

    @contextmanager
    def _bringing(self, ids: Sequence[UploadId]) -> Iterator[None]:
        """Nobody else brings them until they are brought, or something is raised here."""
        with self._guard:
            busy = next((id for id in ids if id in self._coming), None)
            if busy is None:
                self._coming |= set(ids)
        if busy is not None:
            raise NotAtThatPlace("This file is being uploaded already.", have=self._find(busy).upload.have)
        try:
            if len(set(ids)) < len(ids):
                raise MisuseError("api 4.6: one file comes twice.")
            yield
        except BaseException:
            self._brought(ids)
            raise

    def _brought(self, ids: Sequence[UploadId]) -> None:
        with self._guard:
            self._coming -= set(ids)

    # --- looking ----------------------------------------------------------------------------------

    def all(self) -> Sequence[Upload]:
        with self._database.reading() as connection:
            rows = connection.execute(f"{_UPLOAD} ORDER BY u.key").fetchall()
            return [_row_of(row).upload for row in rows]

    def unsent(self) -> Sequence[Upload]:
        with self._database.reading() as connection:
            rows = [
                _row_of(row)
                for row in connection.execute(f"{_UPLOAD} WHERE u.sent = 0 ORDER BY u.key").fetchall()
            ]
            idle = {row.upload.id for row in self._unneeded(connection, "u.sent = 0", (), None)}
        busy = {row.upload.group for row in rows if row.upload.id not in idle}
        return [row.upload for row in rows if row.upload.group not in busy]

    def named(self, id: bytes) -> list[Upload]:
        """One upload, or those of a group. Raises NothingToDo: there is none."""
        with self._database.reading() as connection:
            rows = connection.execute(
                f"{_UPLOAD} WHERE u.id = ?1 OR u.bunch = ?1 ORDER BY u.key", (id,)
            ).fetchall()
        if not rows:
            raise erased()
        return [_row_of(row).upload for row in rows]

    def require_undivided(self, id: bytes) -> None:
        """Raises MisuseError: some of this group was dropped elsewhere, too, before the group was sent."""
        with self._guard:
            if id not in self._divided:
                return
        raise MisuseError(
            "Some of these files were chosen once more meanwhile, in another window or for somebody else.",
            safe="Nothing was sent, so that nobody gets a part of it.",
            do="Choose all of them again.",
        )

    def open(self, id: UploadId) -> BlobReader:
        """Raises NothingToDo: it was erased; EnvironmentProblem: it cannot be read."""
        blob = self._find(id).blob
        if blob is None:
            raise erased()
        return self._blobs.read(blob)

    def _find(self, id: bytes) -> _Row:
        with self._database.reading() as connection:
            row = connection.execute(f"{_UPLOAD} WHERE u.id = ?", (id,)).fetchone()
        if row is None:
            raise erased()
        return _row_of(row)

    # --- erasing ----------------------------------------------------------------------------------

    @contextmanager
    def holding(self, ids: Iterable[bytes]) -> Iterator[None]:
        """For a command that offers these uploads, or groups: they stay until it is over."""
        held = Counter(set(ids))
        with self._guard:
            self._held += held
        try:
            yield
        finally:
            with self._guard:
                self._held -= held

    def remove(self, id: bytes) -> None:
        found = self.named(id)
        which = "u.id = ?1 OR u.bunch = ?1"
        with self._database.reading() as connection:
            is_needed = len(self._unneeded(connection, which, (id,), None)) < len(found)
        if is_needed:
            raise MisuseError(
                "This is being uploaded or sent, or waits for somebody.",
                safe="It stays.",
                do="Stop that, or take it back (satchel queue remove): then it goes by itself.",
            )
        self._erase(which, id)

    def sweep(self) -> int:
        """Erase what was sent, and is not needed any more. Returns how many. Raises EnvironmentProblem."""
        return self._erase("u.sent = 1")

    def expire(self) -> int:
        """And what was never sent, after some days in which nothing was done with it. Returns how many.

        A clock that cannot be right erases none of those, and one from such a time counts its days from now.
        """
        self.sweep()
        now_s = as_reading(self._now_s())
        if now_s is None:
            return 0
        with self._database.reading() as connection:
            rows = [_row_of(row) for row in connection.execute(f"{_UPLOAD} WHERE u.sent = 0").fetchall()]
        if beginning := [(now_s, row.key) for row in rows if is_over(row.used_s, now_s) is None]:
            with self._database.changing() as connection:
                connection.executemany("UPDATE upload SET used_s = ? WHERE key = ?", beginning)
        over = {row.upload.id for row in rows if is_over(row.used_s, now_s)}
        count = self._erase("u.sent = 0", only=over) if over else 0
        self.expired += count
        return count

    def _erase(self, which: str, *values: bytes, only: set[UploadId] | None = None) -> int:
        """Those of them that nothing needs: the rows with their keys first, then the files."""
        with self._database.reading() as connection:
            if not self._unneeded(connection, which, values, only):
                return 0  # as nearly always: then nothing is written
        with self._database.changing(erasing=True) as connection:
            unneeded = self._unneeded(connection, which, values, only)
            for row in unneeded:
                connection.execute("DELETE FROM upload WHERE key = ?", (row.key,))
                connection.execute("DELETE FROM blob WHERE key = ?", (row.blob,))
        self._blobs.remove_files(row.name for row in unneeded if row.name is not None)
        return len(unneeded)

    def _unneeded(
        self, connection: apsw.Connection, which: str, values: Sequence[bytes], only: set[UploadId] | None
    ) -> list[_Row]:
        rows = [_row_of(row) for row in connection.execute(f"{_UPLOAD} WHERE {which}", values).fetchall()]
        if only is not None:
            rows = [row for row in rows if row.upload.id in only]
        if not rows:
            return []
        with self._guard:
            needed = ids_named(connection) | self._coming | set(self._held)
        return [row for row in rows if not needed & {row.upload.id, row.upload.group}]


def _require_possible(group: bytes, file: Chosen) -> None:
    why = refusal(file.path)
    if why is None and file.size is not None and not 0 <= file.size <= BLOB_BYTES_MAX:
        why = "its length is below zero, or beyond a petabyte"
    if why is None and abs(file.mtime_ns) > MTIME_NS_MAX:
        why = "its time of change is beyond what is counted"
    if why is None and len(group) != ID_BYTES:
        why = f"a group has {ID_BYTES} bytes"
    if why is not None:
        raise MisuseError(f"This cannot be uploaded: {why}.", safe="Nothing was taken.", do="")


def _too_many() -> MisuseError:
    return MisuseError(
        f"There are {UPLOADS_MAX:,} uploads already.",
        safe="They stay; nothing was added.",
        do="Send or remove some of them. Or send a large folder by its path: satchel send PATH",
    )


def _row_of(row: Sequence[Any]) -> _Row:
    id, group, path, size, mtime_ns, have, sent, used_s, key, blob, name = checked_row(row, _TYPES)
    upload = Upload(
        id=UploadId(id),
        group=group,
        path=tuple(path.split(b"/")),
        size=size,
        mtime_ns=mtime_ns,
        have=have or 0,
        sent=bool(sent),
    )
    return _Row(upload, used_s, key, blob, name)
