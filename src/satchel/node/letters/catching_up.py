"""On to the numbers that a contact tells (chain 3.5, 4.6): far, where one of them was restored from a copy.

Each number is a step of its chain, and a word may lead 65,536 of them on. They are gone outside of the post
office's turn, so that a contact that does it again and again holds up nobody (M3).
"""

import threading

from satchel.core.identity.contacts import ContactId
from satchel.node.letters.stores import World
from satchel.node.letters.unsealing import Unsealing


class CatchingUp:
    """From any thread."""

    def __init__(self, world: World, unsealing: Unsealing, turn: threading.RLock) -> None:
        self._world = world
        self._unsealing = unsealing
        self._turn = turn
        self._told: dict[ContactId, tuple[int, int]] = {}

    def heard(self, contact: ContactId, *, highest: int, following: int) -> None:
        """In the turn. `go_on` follows."""
        self._told[contact] = highest, following

    def go_on(self, contact: ContactId) -> bool:
        """Not in the turn. False: nothing was told. Raises PeerError, EnvironmentProblem, MisuseError: it was
        forgotten."""
        told = self._told.pop(contact, None)
        if told is None:
            return False
        while not self._reach(contact, *told):  # something else has moved a chain meanwhile
            pass
        return True

    def _reach(self, contact: ContactId, highest: int, following: int) -> bool:
        chains = self._world.stores.chains
        with self._turn:
            speaking, listening = chains.speaking(contact), chains.listening(contact)
        speaks_on = speaking.told(highest)
        change = listening.reach(following, self._world.clock.read())
        with self._turn:
            if (chains.speaking(contact), chains.listening(contact)) != (speaking, listening):
                return False
            if speaks_on != speaking:
                chains.put_speaking(contact, speaks_on)
            if change is not None:
                self._unsealing.reached(contact, listening, change)
        return True
