"""The other database of a profile: what is carried for others. Spec: docs/spec/profile.md, 12."""

from pathlib import Path

from satchel.problems import disk_problems
from satchel.store.custody_schema import CUSTODY_LADDER
from satchel.store.database import SUFFIXES, Database, checked_row

NAME = "more"


def open_custody(home: Path, database: Database, fresh_key: bytes) -> Database:
    """It has a key of its own, so that a new passphrase does not write all of it anew. One that does not open
    is made anew: what was in it others have, too.

    Args:
        home: the folder of the profile.
        database: the first one, which has that key.
        fresh_key: 32 random bytes, which become it if there is none.
    Raises:
        EnvironmentProblem.
    """
    path = home / NAME
    with database.reading() as connection:
        row = connection.execute("SELECT custody_key FROM profile").fetchone()
        (key,) = checked_row(row or (), (bytes | None,))
    if key is None:
        key = fresh_key
        with database.changing() as connection:
            connection.execute("UPDATE profile SET custody_key = ?", (key,))
    with disk_problems(f"write into {str(home)!r}"):
        if path.exists() and not Database.opens(path, key):
            for suffix in SUFFIXES:
                Path(f"{path}{suffix}").unlink(missing_ok=True)
    return Database.open(path, key, CUSTODY_LADDER, is_large=True)


def custody_in_memory() -> Database:
    """For a profile that is in memory."""
    return Database.in_memory(CUSTODY_LADDER, is_large=True)
