"""The databases of the index, and their keys, which the catalogue has. What cannot be read is made anew.

They are opened when they are first asked for: who only lists books does not wait for them.
"""

import os
import threading
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from satchel.core.crypto.aead import KEY_BYTES
from satchel.errors import EnvironmentProblem
from satchel.ports.library import BookNumber
from satchel.problems import disk_problems
from satchel.store.blob_files import require_folder
from satchel.store.blobs import NAME_BYTES, Draw
from satchel.store.database import SUFFIXES, Database, checked_rows, is_damage
from satchel.store.durability import sync_folder
from satchel.store.library.names import INDEX
from satchel.store.library.shard import Shard, remove_files

SHARD_BYTES = 64 << 20  # when it has so many a new one is begun


class Shards:
    """Of one library. May be used from several threads; each shard is used in its turn."""

    def __init__(self, home: Path, database: Database, *, draw: Draw, shard_bytes: int = SHARD_BYTES) -> None:
        """`database`: that of the catalogue."""
        self._folder = home / INDEX
        self._database = database
        self._draw = draw
        self._shard_bytes = shard_bytes
        self._opening = threading.Lock()
        self._adding = threading.Lock()
        self._opened: list[Shard] | None = None
        self._is_closed = False

    def all(self) -> Sequence[Shard]:
        """Ascending. Raises EnvironmentProblem."""
        with self._opening:
            if self._opened is None:
                if self._is_closed:
                    raise EnvironmentProblem("The library is closed.", do="Start again.")
                self._opened = self._open_all()
            return list(self._opened)

    def to_put_into(self) -> Shard:
        """The newest that is not full. Raises EnvironmentProblem."""
        with self._adding:
            shards = self.all()
            with self._database.reading() as connection:
                full = {n for (n,) in connection.execute("SELECT number FROM shard WHERE is_full")}
            if shards and shards[-1].number not in full:
                with shards[-1].turns.writing(), self.dropping_what_is_damaged(shards[-1]):
                    if shards[-1].size_bytes() < self._shard_bytes:
                        return shards[-1]
            return self._make()

    def _make(self) -> Shard:
        with disk_problems("keep the index of the library"):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            require_folder(self._folder)
        name, key = self._draw(NAME_BYTES), self._draw(KEY_BYTES)
        with self._database.changing() as connection:
            connection.execute("INSERT INTO shard (name, secret) VALUES (?, ?)", (name, key))
            number = connection.last_insert_rowid()
        shard = Shard(number, self._folder / name.hex(), key)
        with self._opening:
            self._opened = [*(self._opened or ()), shard]
        return shard

    def write_anew(self, shard: Shard) -> None:
        """Without what was removed, which no key opens any more then (T2). It is the caller's turn."""
        if shard.books():
            self._write_anew(shard)
        else:
            self.drop(shard)

    def _write_anew(self, shard: Shard) -> None:
        name, key = self._draw(NAME_BYTES), self._draw(KEY_BYTES)
        path, before = self._folder / name.hex(), shard.path
        try:
            shard.write_anew(path, key)
            with disk_problems("keep the index of the library"):
                sync_folder(self._folder)
            with self._database.changing(erasing=True) as connection:
                connection.execute(
                    "UPDATE shard SET name = ?, secret = ? WHERE number = ?", (name, key, shard.number)
                )
        except BaseException:
            remove_files(path)
            raise
        shard.go_on_as(path, key)
        remove_files(before)

    def drop(self, shard: Shard) -> None:
        """With its key. Its books are missing then."""
        with self._opening:
            self._opened = [one for one in self._opened or () if one is not shard]
        self._forget_key(shard.number)
        shard.destroy()

    def _forget_key(self, number: int) -> None:
        with self._database.changing(erasing=True) as connection:
            connection.execute("DELETE FROM shard WHERE number = ?", (number,))

    @contextmanager
    def dropping_what_is_damaged(self, shard: Shard) -> Iterator[None]:
        """Around what is done with one in its turn: it can be made anew, so nobody has to restore it. What
        is done with one that another has dropped is of no effect."""
        try:
            yield
        except EnvironmentProblem as exc:
            if shard.is_gone:
                return
            if not is_damage(exc):
                raise
            self.drop(shard)

    def _open_all(self) -> list[Shard]:
        with self._database.reading() as connection:
            rows = checked_rows(
                connection, "SELECT number, name, secret FROM shard ORDER BY number", (), (int, bytes, bytes)
            )
            query = "SELECT number FROM book"
            here = {BookNumber(number) for (number,) in checked_rows(connection, query, (), (int,))}
        self._remove_unnamed({name.hex() for _, name, _ in rows})
        opened: list[Shard] = []
        try:
            for number, name, key in rows:
                if (shard := self._open(number, self._folder / name.hex(), key, here)) is not None:
                    opened.append(shard)
        except BaseException:
            for shard in opened:
                shard.close()
            raise
        return opened

    def _open(self, number: int, path: Path, key: bytes, here: Set[BookNumber]) -> Shard | None:
        """None: it is of no use, and gone. `here`: the books that there are; a kill may have come between
        the removal of one and that of its words."""
        shard = None
        try:
            if path.exists():
                shard = Shard(number, path, key)
                if gone := shard.books() - here:
                    shard.forget(sorted(gone))
                    if shard.books():
                        self._write_anew(shard)
                if shard.books():
                    return shard
        except EnvironmentProblem as exc:
            if not is_damage(exc):
                if shard is not None:
                    shard.close()
                raise
        self._forget_key(number)
        if shard is not None:
            shard.destroy()
        else:
            remove_files(path)
        return None

    def _remove_unnamed(self, named: set[str]) -> None:
        with disk_problems("look after the index of the library"):
            if not os.path.lexists(self._folder):
                return
            require_folder(self._folder)
            kept = {f"{name}{suffix}" for name in named for suffix in SUFFIXES}
            for file in os.listdir(self._folder):
                if file not in kept:
                    (self._folder / file).unlink()

    def renew(self) -> None:
        """Nothing is added to those of now: who has the keys of now reads nothing of later (T1). Raises
        EnvironmentProblem."""
        with self._database.changing() as connection:
            connection.execute("UPDATE shard SET is_full = 1")

    def close(self) -> None:
        """May be repeated."""
        with self._opening:
            opened, self._opened, self._is_closed = self._opened or [], None, True
        for shard in opened:
            with shard.turns.writing():
                shard.close()
