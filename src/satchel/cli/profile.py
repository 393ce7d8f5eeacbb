"""Where this person's Satchel keeps what it must remember."""

import os
from pathlib import Path

from satchel.errors import EnvironmentProblem


def absolute(path: str) -> Path:
    """What a person typed, from the root on.

    Raises EnvironmentProblem: it is relative, and the working folder was deleted.
    """
    try:
        return Path(path).absolute()
    except FileNotFoundError as exc:
        raise EnvironmentProblem(
            "The folder you are in is not there any more.",
            safe="Nothing was done.",
            do="Change into another one (cd), or name a whole path that begins with a slash.",
        ) from exc


def home_folder(given: str | None) -> Path:
    """--home, else SATCHEL_HOME, else the user's data folder."""
    chosen = given or os.environ.get("SATCHEL_HOME")
    if chosen:
        return absolute(chosen)
    from platformdirs import user_data_dir  # noqa: PLC0415 - costs its import only where needed

    return Path(user_data_dir("satchel"))
