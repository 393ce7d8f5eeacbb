"""The folders in which sealed files lie: what nothing names is removed from them, and all of it by a wipe.

Spec: docs/spec/profile.md, 8.6.
"""

import os
from pathlib import Path

from satchel.problems import disk_problems
from satchel.store.database import Database, checked_row

FOLDER = "blobs"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_folder(folder: Path) -> int:
    """A link leads nobody astray. Raises OSError."""
    return os.open(folder, _FOLDER)


def remove_unnamed(home: Path, database: Database, *, name: str = FOLDER) -> None:
    """Of blobs that were erased, or are of another profile: nothing can read them any more. At the start.

    Raises EnvironmentProblem.
    """
    folder = home / name
    with disk_problems("look after what is uploaded"):
        if not os.path.lexists(folder):
            return
        require_folder(folder)
        with database.reading() as connection:
            rows = connection.execute("SELECT name FROM blob").fetchall()
        named = {bytes(checked_row(row, (bytes,))[0]).hex() for row in rows}
        for file in os.listdir(folder):
            if file not in named:
                (folder / file).unlink()
        if not named:
            folder.rmdir()


def wipe(home: Path, *, name: str = FOLDER) -> None:
    """The folder and the files in it. Raises OSError."""
    folder = home / name
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    for file in os.listdir(folder):
        (folder / file).unlink()
    folder.rmdir()


def require_folder(folder: Path) -> None:
    """A link leads nobody astray. Raises NotADirectoryError."""
    os.close(open_folder(folder))
