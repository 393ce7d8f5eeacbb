"""Where the profile is, and what a path means: from what was typed, and nothing else."""

import os
from pathlib import Path

from satchel.errors import EnvironmentProblem, MisuseError, SatchelError

SOCKET = "socket"  # of a running node, in its profile


def absolute(path: str, folder: str | None = None) -> Path:
    """What a person typed, from the root on.

    Args:
        folder: where the person is, if that is not where this process is.
    Raises EnvironmentProblem: it is relative, and the working folder was deleted.
    """
    if folder is not None:
        return Path(folder, path)
    try:
        return Path(path).absolute()
    except FileNotFoundError as exc:
        raise EnvironmentProblem(
            "The folder you are in is not there any more.",
            safe="Nothing was done.",
            do="Change into another one (cd), or name a whole path that begins with a slash.",
        ) from exc


def home_folder(given: str | None) -> Path:
    """--home, else SATCHEL_HOME, else the user's data folder.

    Raises MisuseError: --home is empty; EnvironmentProblem: nobody knows where that folder is.
    """
    if given == "":  # a script's variable without a value: never may the usual profile be wiped for it
        raise MisuseError(
            "--home names no folder.", safe="Nothing was done.", do="Name one, or leave --home out."
        )
    chosen = given or os.environ.get("SATCHEL_HOME")
    if chosen:
        return absolute(chosen)
    from platformdirs import user_data_dir  # noqa: PLC0415 - costs its import only where needed

    try:
        return Path(user_data_dir("satchel"))
    except RuntimeError as exc:  # no HOME, and nobody of this number among the users
        raise EnvironmentProblem(
            "This machine does not say where your data belongs: there is no HOME.",
            safe="Nothing was done.",
            do="Name the folder of your profile: --home DIR",
        ) from exc


def has_socket(given: str | None) -> bool:
    """Whether a node may be running with the profile of this --home: it runs, or was killed."""
    try:
        return (home_folder(given) / SOCKET).exists()
    except (SatchelError, OSError):
        return False  # the command itself says it
