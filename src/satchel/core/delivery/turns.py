"""Who gives what next, in a session of two contacts: one side of it, as a state machine.

Each side gives one thing at a time and takes one at a time, so a contact never holds more than one
hand-over of each direction open (M3). Spec: docs/spec/delivery.md, section 3.
"""

from enum import Enum

from satchel.core.delivery.effects import (
    Consider,
    DialBeside,
    Effect,
    Give,
    Gone,
    Left,
    MayComeAgain,
    Receive,
    Say,
)
from satchel.core.delivery.messages import Beside, Bye, Come, Leave, LeaveReason, Message, Take, Waits
from satchel.errors import MisuseError, PeerError

PORT_MIN = 1024


class Giving(Enum):
    IDLE = "nothing was offered"
    OFFERED = "something was offered, the contact's word is awaited"
    RUNNING = "it is being handed over"


class Taking(Enum):
    IDLE = "nothing was offered to us"
    CONSIDERING = "our word on what was offered is awaited"
    RUNNING = "it is being handed over to us"


class Turns:
    """One side of one session; after a PeerError it is dead."""

    def __init__(self, *, we_dialled: bool, has_beside: bool = False) -> None:
        """has_beside: both know version 3 of what may follow an opening."""
        self.giving = Giving.IDLE
        self.taking = Taking.IDLE
        self._we_dialled = we_dialled
        self._has_beside = has_beside
        self._offered: Waits | None = None
        self._theirs: Waits | None = None
        self._held: Waits | None = None  # came while the one before was still being put away
        self._was_left_for_now = False  # something of ours, and no Come was heard since
        self._came_meanwhile = False  # our Come was said since we began to think about what is offered

    @property
    def offered_secret(self) -> bytes:
        """Of what the contact has offered: listen for its flights before take(), if the contact dialled."""
        self._due(self.taking is Taking.CONSIDERING)
        assert self._theirs is not None
        return self._theirs.secret

    # --- the owner's word -------------------------------------------------------------------------

    def offer(self, id: bytes, *, secret: bytes, accepted: bool, port: int) -> list[Effect]:
        """This is next.

        Args:
            secret: 32 fresh random bytes. Listen for its flights before this is said, if the contact dialled.
            accepted: what of it is wanted was stored.
            port: where we listen at the address of this session; not used if we dialled it.
        """
        self._due(self.giving is Giving.IDLE)
        self.giving = Giving.OFFERED
        self._offered = Waits(id=id, secret=secret, accepted=accepted, port=self._told(port))
        return [Say(message=self._offered)]

    def given(self) -> None:
        """The hand-over has ended, however it did: something may be offered again."""
        self._due(self.giving is Giving.RUNNING)
        self.giving, self._offered = Giving.IDLE, None

    def take(self, *, port: int) -> list[Effect]:
        """What was offered is to come. `port`: as in `offer`; listen before this is said."""
        self._due(self.taking is Taking.CONSIDERING)
        assert self._theirs is not None
        self.taking = Taking.RUNNING
        theirs = self._theirs
        return [
            Say(message=Take(id=theirs.id, port=self._told(port))),
            Receive(id=theirs.id, port=theirs.port),
        ]

    def leave(self, reason: LeaveReason) -> list[Effect]:
        """It is not to come."""
        self._due(self.taking is Taking.CONSIDERING)
        assert self._theirs is not None
        if reason is LeaveReason.UNKNOWN and not self._theirs.accepted:
            raise MisuseError("only what was said to be accepted can be unknown")
        said = [Say(message=Leave(id=self._theirs.id, reason=reason))]
        if reason is LeaveReason.NOT_NOW and self._came_meanwhile:
            said.append(Say(message=Come()))  # [2.5] ours was said too early for this one
        return [*said, *self._taken()]

    def received(self) -> list[Effect]:
        """The hand-over to us has ended, however it did."""
        self._due(self.taking is Taking.RUNNING)
        return self._taken()

    def come(self) -> list[Effect]:
        """What we left with NOT_NOW may be offered again; also what we are about to leave so."""
        self._came_meanwhile = True
        return [Say(message=Come())]

    def beside(self, *, secret: bytes, port: int) -> list[Effect]:
        """Who was dialled listens for the pipe for letters. Arguments as in `offer`."""
        if self._we_dialled or not self._has_beside:
            raise MisuseError("who was dialled says it, where both know it")
        return [Say(message=Beside(secret=secret, port=self._told(port)))]

    # --- the contact's ------------------------------------------------------------------------------

    def hear(self, message: Message) -> list[Effect]:
        """Take in one message; raises PeerError if it is not due."""
        match message:
            case Waits():
                return self._hear_waits(message)
            case Take(id=id, port=port) if self.giving is Giving.OFFERED and self._is_offered(id):
                self._look_at_port(port)
                self.giving = Giving.RUNNING
                return [Give(id=id, port=port)]
            case Leave(id=id, reason=reason) if self.giving is Giving.OFFERED and self._is_offered(id):
                self._look_at_reason(reason)
                self.giving, self._offered = Giving.IDLE, None
                self._was_left_for_now |= reason is LeaveReason.NOT_NOW
                return [Left(id=id, reason=reason)]
            case Come():  # a thousand of them are worth no more than one (M3)
                calls, self._was_left_for_now = self._was_left_for_now, False
                return [MayComeAgain()] if calls else []
            case Beside(secret=secret, port=port) if self._has_beside and self._we_dialled:
                self._look_at_port(port)
                return [DialBeside(secret=secret, port=port)]
            case Beside():
                raise PeerError("custody 6.7: Beside, and it was not due")
            case Bye():
                return [Gone()]
            case _:
                raise PeerError(f"delivery 3.4: {type(message).__name__} for what was not offered")

    def _hear_waits(self, waits: Waits) -> list[Effect]:
        self._look_at_port(waits.port)
        if self.taking is Taking.IDLE:
            return self._consider(waits)
        if self._held is not None or self.taking is Taking.CONSIDERING:
            raise PeerError("delivery 3.2: more than one thing offered at a time")
        self._held = waits
        return []

    def _consider(self, waits: Waits) -> list[Effect]:
        self.taking, self._came_meanwhile = Taking.CONSIDERING, False
        self._theirs = waits
        return [Consider(id=waits.id, accepted=waits.accepted)]

    def _taken(self) -> list[Effect]:
        self.taking, self._theirs = Taking.IDLE, None
        held, self._held = self._held, None
        return self._consider(held) if held is not None else []

    def _is_offered(self, id: bytes) -> bool:
        return self._offered is not None and self._offered.id == id

    def _told(self, port: int) -> int:
        if self._we_dialled:
            return 0
        if not PORT_MIN <= port <= 0xFFFF:
            raise MisuseError("a port from 1024 on is told to who dials")
        return port

    def _look_at_port(self, port: int) -> None:
        if port < PORT_MIN if self._we_dialled else port != 0:
            raise PeerError(f"delivery 2.6: port {port}")

    def _look_at_reason(self, reason: LeaveReason) -> None:
        """What was never said to be accepted cannot be forgotten: it would be offered anew for ever."""
        assert self._offered is not None
        if reason is LeaveReason.UNKNOWN and not self._offered.accepted:
            raise PeerError("delivery 2.4: unknown, and was not said to be accepted")

    def _due(self, is_due: bool) -> None:
        if not is_due:
            raise MisuseError(f"not while {self.giving.value}, and {self.taking.value}")
