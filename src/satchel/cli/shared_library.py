"""The library of a profile, one for all commands of a node: opened for the first, ended with the profile."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.entropy import SystemEntropy
from satchel.store.database import Database

if TYPE_CHECKING:
    from satchel.store.library.opening import KeptLibrary


class SharedLibrary:
    """From any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._library: KeptLibrary | None = None

    def get(self, home: Path, database: Database) -> "KeptLibrary":
        """`home`: the folder of the profile. Raises EnvironmentProblem."""
        with self._guard:
            if self._library is None:
                from satchel.store.library.opening import open_library  # noqa: PLC0415 - few commands need it

                self._library = open_library(
                    home, database, draw=SystemEntropy().draw, wall_s=clock.wall_s, now_s=clock.monotonic_s
                )
            return self._library

    def renew(self) -> None:
        """Under another key, if it is open; else, or where that cannot be now, at its next opening."""
        with self._guard, suppress(EnvironmentProblem):
            if self._library is not None:
                self._library.renew()

    def close(self) -> None:
        """What no book has is removed at the next start, if it cannot be now."""
        with self._guard, suppress(EnvironmentProblem):
            if self._library is not None:
                self._library.close()
