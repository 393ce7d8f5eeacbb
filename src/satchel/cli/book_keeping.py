"""What a node does for its library when it starts: what a kill has kept out of the index is put there."""

import threading

from satchel.cli.book_shop import library_of, opener_of
from satchel.cli.profile import Profile
from satchel.confinement.landlock import confine_thread
from satchel.errors import EnvironmentProblem, SatchelError
from satchel.node.library import events
from satchel.node.library.tending import index_missing

STOPS_WITHIN_S = 10.0


class BookKeeping:
    """Runs in a thread of its own, behind all that somebody waits for."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._over.set()

    def run(self) -> None:
        """Nothing, where there is no library. What cannot be done now is done at the next start, or add."""
        from satchel.store.library.names import CATALOGUE  # noqa: PLC0415 - other commands need none of it

        self._over.clear()
        try:
            folder = self._profile.folder
            if folder is not None and (folder.home / CATALOGUE).exists():
                confine_thread(self._profile.writable)
                index_missing(library_of(self._profile), opener_of(self._profile), _unsaid, self._check)
        except (SatchelError, OSError):
            pass
        finally:
            self._over.set()

    def stop(self) -> None:
        """And wait until it has: the profile is closed then."""
        self._stopping.set()
        self._over.wait(STOPS_WITHIN_S)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise EnvironmentProblem("Stopped.")


def _unsaid(_event: events.Event) -> None:
    pass
