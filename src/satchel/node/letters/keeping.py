"""What goes on about letters while a node runs: time passes, and who is to be looked for changes."""

import asyncio
from collections.abc import Callable

from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem, MisuseError
from satchel.node import events
from satchel.node.letters.office import PostOffice
from satchel.node.own_thread import in_own_thread

WAKE_EVERY_S = 10.0


class Mail:
    """Whom something waits for: files that were given to the queue, or letters. Used from one loop."""

    def __init__(self, tell: Callable[[ContactId, bool], None]) -> None:
        """`tell(contact, waits)`: see Neighbours.set_mail."""
        self._tell = tell
        self._queue: set[ContactId] = set()
        self._letters: set[ContactId] = set()

    def set_queue(self, contact: ContactId, waits: bool) -> None:
        (self._queue.add if waits else self._queue.discard)(contact)
        self._tell(contact, contact in self._queue or contact in self._letters)

    def set_letters(self, contacts: set[ContactId]) -> None:
        changed, self._letters = contacts ^ self._letters, contacts
        for contact in changed:
            self._tell(contact, contact in self._queue or contact in self._letters)


async def keep_post(office: PostOffice, mail: Mail, report: events.Report) -> None:
    """Until it is cancelled."""
    told: str | None = None
    while True:
        try:
            while await in_own_thread(office.prepare):
                pass
            await in_own_thread(office.wake)
            mail.set_letters(await in_own_thread(office.waits_for))
            told = None
        except EnvironmentProblem as problem:  # our own disk: said once, and tried again
            if problem.what != told:
                report(events.Trouble(problem=problem))
            told = problem.what
        except MisuseError:
            pass  # a contact was forgotten just now: `contacts_changed` comes, and the next turn
        await asyncio.sleep(WAKE_EVERY_S)
