"""Which contacts have written since their letters were last looked at.

In memory only: what was read is not remembered anywhere (T1, cli 1.17).
"""

import threading
from dataclasses import dataclass

from satchel.node import events

CONTACTS_MAX = 1_000


@dataclass(slots=True)
class Written:
    """What came from one contact."""

    letters: int = 0
    unreadable: int = 0  # by this version


class Wrote:
    """Told by the node, from any thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of: dict[str, Written] = {}  # by the contact's name here

    def hear(self, event: events.Event) -> None:
        if not isinstance(event, events.LetterCame):
            return
        with self._guard:
            if event.name not in self._of and len(self._of) >= CONTACTS_MAX:
                return
            written = self._of.setdefault(event.name, Written())
            if event.id is None:
                written.unreadable += 1
            else:
                written.letters += 1

    def by(self, contact: str) -> Written | None:
        with self._guard:
            return self._of.get(contact)

    def seen(self, contact: str) -> None:
        """Its letters are shown."""
        with self._guard:
            self._of.pop(contact, None)

    def renamed(self, contact: str, new: str) -> None:
        with self._guard:
            if contact in self._of:
                self._of[new] = self._of.pop(contact)
