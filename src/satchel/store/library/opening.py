"""A library on the disk of a profile: opened, renewed under another key, closed.

The key of its catalogue stands in the first database, and all its other keys in the catalogue.
Spec: docs/spec/profile.md, 13.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from satchel.core.crypto.aead import KEY_BYTES
from satchel.errors import EnvironmentProblem
from satchel.ports.library import Library
from satchel.problems import disk_problems
from satchel.store import blob_files
from satchel.store.blobs import Draw
from satchel.store.database import SUFFIXES, Database, checked_row, is_damage
from satchel.store.durability import overwrite, sync_folder
from satchel.store.library.catalogue import SqliteCatalogue
from satchel.store.library.changes import Changes
from satchel.store.library.contents import RESERVE_BYTES, SealedContents
from satchel.store.library.index import SqliteIndex
from satchel.store.library.names import CATALOGUE, FILES, FOLDERS, NEXT
from satchel.store.library.schema import CATALOGUE_LADDER
from satchel.store.library.shards import SHARD_BYTES, Shards
from satchel.store.library.shelves import SqliteShelves

CACHE_KIB = 8192  # of the catalogue: all but the records of ten thousand books


@dataclass(frozen=True, slots=True)
class KeptLibrary(Library):
    """One for all who use it, from any thread."""

    renew: Callable[[], None]
    """Under another key, since the profile is: who knows the one of before reads nothing of later. Whoever
    uses the catalogue meanwhile waits. Raises EnvironmentProblem: it is done at the next opening."""
    close: Callable[[], None]
    """What no book has is dropped. May be repeated."""


def open_library(
    home: Path,
    database: Database,
    *,
    draw: Draw,
    wall_s: Callable[[], int],
    now_s: Callable[[], float],
    reserve_bytes: int = RESERVE_BYTES,
    shard_bytes: int = SHARD_BYTES,
) -> KeptLibrary:
    """The library of a profile, made if there is none.

    Args:
        home: the folder of the profile.
        database: the first one, which has its key.
        draw: random bytes.
        wall_s: since 1970.
        now_s: a clock that is never set.
        reserve_bytes: of the disk stay free.
        shard_bytes: of the index, that are written anew at once.
    Raises:
        EnvironmentProblem: the disk; its catalogue is missing or damaged. Then nothing was changed.
    """
    catalogue, is_renewed = _open_catalogue(home, database, draw)
    try:
        with catalogue.reading() as connection:
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}").fetchall()
        blob_files.remove_unnamed(home, catalogue, name=FILES)
        contents = SealedContents(home, catalogue, draw=draw, reserve_bytes=reserve_bytes)
        changes = Changes(wall_s)
        shards = Shards(home, catalogue, draw=draw, shard_bytes=shard_bytes)
        library = KeptLibrary(
            contents=contents,
            catalogue=SqliteCatalogue(catalogue, contents, changes, now_s=wall_s),
            shelves=SqliteShelves(catalogue, changes, draw=draw),
            index=SqliteIndex(shards, now_s=now_s),
            renew=partial(_renew, home, database, catalogue, shards, draw),
            close=partial(_close, contents, shards, catalogue),
        )
        if not is_renewed:
            library.renew()
    except BaseException:
        catalogue.close()
        raise
    return library


def _open_catalogue(home: Path, database: Database, draw: Draw) -> tuple[Database, bool]:
    path = home / CATALOGUE
    with database.reading() as connection:
        row = connection.execute("SELECT library_key, library_renewed FROM profile").fetchone()
        key, is_renewed = checked_row(row or (), (bytes | None, int))
    if key is None:  # a new one: what lies here nobody can read
        key = draw(KEY_BYTES)
        with disk_problems(f"write into {str(home)!r}"):
            _remove_all(home)
        Database.open(path, key, CATALOGUE_LADDER).close()
        with disk_problems(f"write into {str(home)!r}"):
            sync_folder(home)  # else a power cut could take it, and leave the key
        with database.changing() as connection:
            connection.execute("UPDATE profile SET library_key = ?, library_renewed = 1", (key,))
        is_renewed = True
    with disk_problems(f"write into {str(home)!r}"):
        _finish_renewing(home, key)
        _require_catalogue(home)
    try:
        return Database.open(path, key, CATALOGUE_LADDER), bool(is_renewed)
    except EnvironmentProblem as exc:
        if not is_damage(exc):
            raise
        raise _lost("is damaged") from exc


def _require_catalogue(home: Path) -> None:
    """An empty one in its place would remove the files of all books. Raises OSError."""
    path, files = home / CATALOGUE, home / FILES
    if not (path.exists() and path.stat().st_size) and files.is_dir() and os.listdir(files):
        raise _lost("is missing")


def _lost(how: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"The catalogue of the library {how}: without it the files of your books cannot be read.",
        safe="Nothing was changed; letters and contacts are as they were.",
        do=f"Put the file `{CATALOGUE}` back from a copy of the folder of this profile. Or, to begin without"
        f" books, remove from that folder: {CATALOGUE}, {', '.join(FOLDERS)}",
    )


def _renew(home: Path, database: Database, catalogue: Database, shards: Shards, draw: Draw) -> None:
    key = draw(KEY_BYTES)
    with disk_problems(f"write into {str(home)!r}"):
        _remove(home / NEXT)
    shards.renew()
    try:
        catalogue.move(home / NEXT, key, partial(_take_place, home, database, key))
    except BaseException:
        if not catalogue.is_closed:
            with suppress(OSError):
                _remove(home / NEXT)
        raise


def _take_place(home: Path, database: Database, key: bytes) -> Database:
    with database.changing() as connection:  # from here on the copy is the catalogue
        connection.execute("UPDATE profile SET library_key = ?, library_renewed = 1", (key,))
    with disk_problems(f"write into {str(home)!r}"):
        _finish_renewing(home, key)
    return Database.open(home / CATALOGUE, key, CATALOGUE_LADDER)


def _finish_renewing(home: Path, key: bytes) -> None:
    """A copy under another key is the catalogue if that key stands in the first database, else of no use.
    Raises OSError."""
    path, copy = home / CATALOGUE, home / NEXT
    if not copy.exists():
        return
    if not Database.opens(copy, key):
        _remove(copy)
        return
    for each in (path, copy):  # no log of either must be worked into this one
        for suffix in SUFFIXES[1:]:
            Path(f"{each}{suffix}").unlink(missing_ok=True)
    before = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.rename(copy, path)
        sync_folder(home)
        if os.fstat(before).st_nlink == 0:  # else it is somebody's backup
            overwrite(before)
    finally:
        os.close(before)


def _close(contents: SealedContents, shards: Shards, catalogue: Database) -> None:
    with ExitStack() as closing:  # each, whatever is with the others
        closing.callback(catalogue.close)
        closing.callback(shards.close)
        contents.close()


def _remove_all(home: Path) -> None:
    """Raises OSError."""
    for name in (CATALOGUE, NEXT):
        _remove(home / name)
    for folder in FOLDERS:
        blob_files.wipe(home, name=folder)


def _remove(path: Path) -> None:
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
