"""Profiles of the first version: records of unfinished hand-overs in clear, in a file of their own.

They are taken into the encrypted database once, and their files overwritten and removed (T1, T2).
"""

import os
from pathlib import Path

import apsw

from satchel.errors import EnvironmentProblem
from satchel.problems import disk_problems
from satchel.store.database import Database
from satchel.store.durability import overwrite, sync_folder

_FILE = "resume.sqlite3"
_FILES = (_FILE, f"{_FILE}-wal", f"{_FILE}-shm", "resume.lock")
_VERSION = 1  # the only one there was
_RECORD = "id, role, secret, older_secret, into_folder, finished, generation, used_s"
_ENTRY = "number, path, kind, size, mtime_ns, executable, state, location, stamp, inode"
_FLIGHT = "ephemeral, generation"


def take_over(database: Database, home: Path) -> None:
    """Raises EnvironmentProblem: there are older records and they cannot be read; they were not changed."""
    path = home / _FILE
    if not path.exists():
        return
    try:
        with database.reading() as connection:
            connection.execute("ATTACH ? AS older KEY ''", (path.absolute().as_uri(),)).fetchall()
        try:
            with database.changing() as connection:
                if connection.execute("PRAGMA older.user_version").get == _VERSION:
                    _copy(connection)
        finally:
            with database.reading() as connection:
                connection.execute("DETACH older").fetchall()
    except EnvironmentProblem as exc:
        raise EnvironmentProblem(
            "The records of unfinished hand-overs of an earlier Satchel could not be read.",
            safe="Files that arrived are in place; nothing was changed.",
            do=f"Start again; if it stays, move {_FILE} out of {str(home)!r}.",
        ) from exc
    with disk_problems(f"remove {str(path)!r}"):
        wipe(home)


def wipe(home: Path) -> None:
    """Overwrite and remove what is there of them. Raises OSError."""
    found = False
    for name in _FILES:
        try:
            file = os.open(home / name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            overwrite(file)
        finally:
            os.close(file)
        os.unlink(home / name)
        found = True
    if found:
        sync_folder(home)


def _copy(connection: apsw.Connection) -> None:
    """What is here already, since a power cut came between copying and removing, is left out."""
    for key, id in connection.execute("SELECT key, id FROM older.record ORDER BY key").fetchall():
        if connection.execute("SELECT 1 FROM main.record WHERE id = ?", (id,)).fetchone() is not None:
            continue
        connection.execute(
            f"INSERT INTO main.record ({_RECORD}) SELECT {_RECORD} FROM older.record WHERE key = ?",  # noqa: S608
            (key,),
        )
        new = connection.last_insert_rowid()
        for table, columns in (("entry", _ENTRY), ("flight", _FLIGHT)):
            connection.execute(
                f"INSERT INTO main.{table} (record, {columns})"  # noqa: S608
                f" SELECT ?, {columns} FROM older.{table} WHERE record = ?",
                (new, key),
            )
