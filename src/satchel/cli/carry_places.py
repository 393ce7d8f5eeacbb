"""Whether the folder that was named for `satchel carry` is what the person means."""

import os
from pathlib import Path

from satchel.cli.profile import Profile
from satchel.cli.show import Show
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.escape import show_name
from satchel.problems import disk_problems

NAMES_MAX = 1_000  # that are looked at
NAMES_SHOWN_MAX = 5


def look_around(place: Path, profile: Profile, show: Show, *, is_going_out: bool) -> None:
    """Raises MisuseError: it is the profile, or the folder in which the sticks are."""
    assert profile.folder is not None
    home = profile.folder.home
    with disk_problems(f"read {str(place)!r}"):
        if place.resolve().is_relative_to(home.resolve()):
            raise MisuseError(
                "This is the folder of your profile.",
                safe="Nothing was done.",
                do="Name that of a stick, or any other.",
            )
        if os.path.ismount(place):
            return
        if is_going_out and (sticks := _mounted_in(place)):
            raise _several(sticks)
        if is_going_out and place.stat().st_dev == home.stat().st_dev:
            show.note(
                "This folder is no stick: it lies on the same disk as your profile, and what is written there"
                " stays here until somebody takes it along."
            )


def _mounted_in(place: Path) -> list[Path]:
    if (place / "CARRY").is_dir():
        return []  # it was meant before
    with os.scandir(place) as entries:
        names = [entry.name for _, entry in zip(range(NAMES_MAX), entries, strict=False)]
    return sorted(place / name for name in names if os.path.ismount(place / name))


def _several(sticks: list[Path]) -> MisuseError:
    shown = ", ".join(show_name(os.fsencode(stick)) for stick in sticks[:NAMES_SHOWN_MAX])
    return MisuseError(
        "This is no stick: it is the folder in which sticks are.",
        safe="Nothing was written.",
        do=f"Name the one that you mean: {shown}",
    )


def without_clock() -> EnvironmentProblem:
    return EnvironmentProblem(
        "The clock of this device cannot be right.",
        safe="Nothing on a stick counts as over, and nothing is deleted there for its age.",
        do="Set the clock before you write: what was written without one goes on no stick.",
    )
