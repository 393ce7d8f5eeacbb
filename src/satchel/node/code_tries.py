"""One typed code: with whom it was tried, and who turned it down. Spec: code-and-rendezvous.md, 7."""

import threading

from satchel.core.discovery.datagram import SlotKey, SlotKind
from satchel.core.discovery.rendezvous import RENDEZVOUS_OPEN_S
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.typist import Typist
from satchel.errors import AccessDenied
from satchel.node import clock
from satchel.node.meeting import may_be_another
from satchel.ports import Endpoint

OTHER_HOSTS_S = 4.0  # how long to look for another host when one has turned our code down


class CodeTries:
    """Used from one asyncio loop; `may_be`, `tell` and `is_right` with `turn` held, from any thread."""

    def __init__(self, code: SpokenCode) -> None:
        self.typist = Typist(code)
        self.turn = threading.Lock()  # guards it: hosts are greeted side by side, each in a thread
        self.slot = SlotKey(kind=SlotKind.CODE, key=code.rendezvous_key())
        self.ends_s = clock.monotonic_s() + RENDEZVOUS_OPEN_S
        self.give_up_s: float | None = None
        self.was_answered = False  # somebody took our connection
        self.denied: AccessDenied | None = None  # three have answered, and others were still greeted
        self._turned_down: list[Endpoint] = []
        self._told: list[Endpoint] = []  # our confirmation, and have not shown that they have the code

    def may_be(self, endpoint: Endpoint) -> bool:
        """Whether that may be another one than those that had not our code, or have not shown it yet."""
        return may_be_another(endpoint, [*self._turned_down, *self._told])

    def tell(self, endpoint: Endpoint) -> None:
        """Our confirmation is about to leave."""
        self._told.append(endpoint)

    def is_right(self, endpoint: Endpoint) -> None:
        """It had our code: what it was told counts no more."""
        self._told.remove(endpoint)

    def turn_down(self, endpoint: Endpoint, *, is_only_one: bool) -> None:
        """That one has not our code, and has learnt that we have not its."""
        self._turned_down.append(endpoint)
        self.give_up_s = clock.monotonic_s()
        if not self.typist.given_up and not is_only_one:
            self.give_up_s += OTHER_HOSTS_S
