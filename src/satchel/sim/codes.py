"""People who pair by a code that one of them says, with the product's own Host, Typist, Hosting and Taking.

What the node does around them is here in small: whom it dials again and when, and when it gives up.
Spec: docs/spec/code-and-rendezvous.md, 5 to 7, and docs/spec/pairing.md, 4. The library draws for ML-KEM by
itself, so one seed makes one course of events, and other bytes each time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

from satchel.core.crypto.kem import encapsulate
from satchel.core.pairing import typist as t
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.effects import Effect, Encapsulate, Paired, Send, Taken, TakenAgain, Verified
from satchel.core.pairing.exchange import (
    CONFIRMATION_BYTES,
    FLIGHT_BYTES,
    SCALAR_BYTES,
    TYPIST_FILL_BYTES,
)
from satchel.core.pairing.hosting import Hosting, host_code
from satchel.core.pairing.keys import (
    HOST_RANDOM_BYTES,
    NONCE_BYTES,
    TAKER_COMMITMENT_BYTES,
    TAKER_RANDOM_BYTES,
    HostKeys,
    TakerKeys,
)
from satchel.core.pairing.taking import State, Taking, take_code
from satchel.errors import AccessDenied, MisuseError, PeerError
from satchel.sim.code_host import CodeHost, Owner
from satchel.sim.line import ADDRESS, PORT, Connection, Line

GUESS_BYTES = CONFIRMATION_BYTES + TAKER_COMMITMENT_BYTES  # what a typist says after the answer
DRAINED_S = (5.0, 15.0)  # [code-and-rendezvous 6.1]
WHOLE_S = 11.0  # [code-and-rendezvous 7.4]; then a side gives up
NOTICED_S_MAX = 14.0  # until a side knows that its connection broke: some only by their own limits
AGAIN_S = (3.0, 6.0, 12.0, 24.0, 30.0)  # [code-and-rendezvous 4.5]
OTHER_HOSTS_S = 4.0  # how long another host is looked for when one had not our code
SILENT_MAX = 2  # a host that has the code and does not pair is not asked for ever


class CodeTaker(Owner):
    """Hears a code, and types it. `contact` apart, all is of what was typed last."""

    def __init__(self, line: Line, name: str, *, wrong_s: int = 0) -> None:
        super().__init__(line, name, wrong_s=wrong_s)
        self.typist: t.Typist | None = None
        self.was_cut_off = False  # told that the other one may have a contact which finds nobody
        self.was_denied = False  # told that three have answered without the code
        self.confirmed: list[bytes] = []  # addresses that had our confirmation
        self.told: set[bytes] = set()  # those of them that have not shown that they have the code
        self._times_left = 0
        self._spoken = ""
        self._hosts: dict[bytes, Dial] = {}
        self._keys: TakerKeys | None = None
        self._calls: list[CodeCall] = []
        self._dials: dict[bytes, int] = {}
        self._silent = 0

    def type(self, spoken: str, hosts: "dict[bytes, Dial]", *, times: int = 1) -> None:
        """`hosts`: who is found, by address. `times`: until the person thinks that it is not the code."""
        self.stop()
        self.typist = t.Typist(SpokenCode.parse(spoken))
        self.was_cut_off = self.was_denied = False
        self.confirmed, self.told, self._dials, self._silent = [], set(), {}, 0
        self._spoken, self._hosts, self._times_left = spoken, hosts, times - 1
        self._keys = TakerKeys.from_random(self.world.chance.randbytes(TAKER_RANDOM_BYTES))
        for address in hosts:
            self._dial(address, self.typist)

    def stop(self) -> None:
        """Its memory is lost with the power, or the program ended. The others notice when they do."""
        self.typist = None
        self.end_others()

    def end_others(self, but: "CodeCall | None" = None) -> None:
        calls, self._calls = self._calls, [call for call in self._calls if call is but]
        for call in calls:
            if call is not but:
                call.taker_left = True
                call.cut()

    def _dial(self, address: bytes, typist: t.Typist) -> None:
        if typist is self.typist and address not in self.told:
            call = self._hosts[address](self, address)
            self._calls.append(call)
            call.start(typist)

    def left(self, call: "CodeCall") -> None:
        """This connection is over on our side, without a contact."""
        if self.typist is None or call not in self._calls:
            return
        self._calls.remove(call)
        self.was_cut_off = call.taking is not None and call.taking.may_be_stored
        self._silent += call.was_silent
        if self.was_cut_off or self._silent >= SILENT_MAX:
            self.stop()
        elif call.host_address in self.told or self.was_denied:
            self.world.at(self.world.now_s + OTHER_HOSTS_S, partial(self._give_up, self.typist))
        else:
            times = self._dials[call.host_address] = self._dials.get(call.host_address, -1) + 1
            again_s = self.world.now_s + AGAIN_S[min(times, len(AGAIN_S) - 1)]
            self.world.at(again_s, partial(self._dial, call.host_address, self.typist))

    def _give_up(self, typist: t.Typist) -> None:
        """Unless another one is greeted still: it may be the one."""
        if typist is not self.typist:
            return
        if self._calls:
            self.world.at(self.world.now_s + OTHER_HOSTS_S, partial(self._give_up, typist))
        elif self._times_left:
            self.type(self._spoken, self._hosts, times=self._times_left)
        else:
            self.stop()

    def begin_taking(self, psk: bytes, address: bytes) -> Taking:
        """Our confirmation is about to leave."""
        assert self._keys is not None
        self.confirmed.append(address)
        self.told.add(address)
        return take_code(psk, keys=self._keys, card=self.card)

    def matched(self, call: "CodeCall") -> None:
        """It has the code: what it was told counts no more, and nobody else is needed."""
        self.told.discard(call.host_address)
        self.end_others(call)

    def keep(self, paired: Paired) -> None:
        self.store(paired)
        self.stop()


class CodeCall(Connection):
    """One connection of who types to who shows. Who lies says something else in one of its methods."""

    def __init__(self, line: Line, host: CodeHost, taker: CodeTaker, address: bytes = ADDRESS) -> None:
        """`address`: that of the host, which was dialled."""
        super().__init__(line)
        self.host = host
        self.taker = taker
        self.host_address = address
        self.dialled = (address, PORT)
        self.flight = b""
        self.hosting: Hosting | None = None
        self.host_left = self.taker_left = self.is_drained = False
        self.bytes_of_host = 0
        self.taking: Taking | None = None
        self._call: t.Call | None = None
        self._waits = {True: b"", False: b""}  # at the host, and at the taker

    def start(self, typist: t.Typist) -> None:
        chance = self.world.chance
        address, port = self.dialled
        self._call = typist.call(
            address=address,
            port=port,
            scalar=chance.randbytes(SCALAR_BYTES),
            fill=chance.randbytes(TYPIST_FILL_BYTES),
        )
        self.world.at(self.world.now_s + WHOLE_S, self._stop_greeting)
        self.say(self._call.flight, to_host=True)

    def _stop_greeting(self) -> None:
        if not self.is_matched:
            self.leave(at_host=False)

    def say(self, frame: bytes, *, to_host: bool) -> None:
        if not to_host:
            self.bytes_of_host += len(frame)
        super().say(frame, to_host=to_host)

    # --- how it ends -----------------------------------------------------------------------------

    def cut(self) -> None:
        if self.is_up:
            self.is_up = False
            for at_host in (True, False):
                self._leave_later(self.world.chance.uniform(0, NOTICED_S_MAX), at_host=at_host)

    def refuse(self, problem: PeerError, *, at_host: bool) -> None:
        (self.host if at_host else self.taker).problems.append(problem)
        self.leave(at_host=at_host)

    def leave(self, *, at_host: bool) -> None:
        """One side closes it, or has noticed that it is broken."""
        if self.host_left if at_host else self.taker_left:
            return
        self.cut()
        if at_host:
            self.host_left = True
            self.host.left(self)
        else:
            self.taker_left = True
            self.taker.left(self)

    def _leave_later(self, within_s: float, *, at_host: bool) -> None:
        self.world.at(self.world.now_s + within_s, partial(self.leave, at_host=at_host))

    def drain(self) -> None:
        """Not one byte more, and whoever is there does not learn when we knew."""
        if not self.is_drained:
            self.is_drained = True
            self._leave_later(self.world.chance.uniform(*DRAINED_S), at_host=True)

    # --- the host --------------------------------------------------------------------------------

    @property
    def is_hosted(self) -> bool:
        return self.hosting is not None

    def at_host(self, data: bytes) -> None:
        while not (self.is_drained or self.host_left) and (heard := self._next(data, at_host=True)):
            data = b""
            if not self.flight:
                self.flight = heard
                self.host.come(self)
            elif self.hosting is None:
                self.host.confirmed(self, heard[:CONFIRMATION_BYTES], heard[CONFIRMATION_BYTES:])
            else:
                self._carry_out_host(self.hosting, self.hosting.hear(heard, self.world.now_s))

    def _next(self, data: bytes, *, at_host: bool) -> bytes:
        """What was waited for, when it is all there."""
        self._waits[at_host] += data
        expected_bytes = self._expected_bytes_of_host if at_host else self._expected_bytes_of_taker
        if len(self._waits[at_host]) < expected_bytes:
            return b""
        heard, self._waits[at_host] = (
            self._waits[at_host][:expected_bytes],
            self._waits[at_host][expected_bytes:],
        )
        return heard

    @property
    def _expected_bytes_of_host(self) -> int:
        if not self.flight:
            return FLIGHT_BYTES
        if self.hosting is not None:
            return self.hosting.expected_bytes
        return GUESS_BYTES if self.host.is_guess(self) else 0

    def begin_hosting(self, psk: bytes, confirmation: bytes, first_bytes: bytes) -> None:
        chance = self.world.chance
        self.hosting = host_code(
            psk,
            keys=HostKeys.from_random(chance.randbytes(HOST_RANDOM_BYTES)),
            card=self.host.card,
            commitment=first_bytes,
            nonce=chance.randbytes(NONCE_BYTES),
            now_s=self.world.now_s,
        )
        self._leave_later(WHOLE_S, at_host=True)
        self.say(confirmation, to_host=False)
        self.say(self.hosting.answer, to_host=False)

    def _carry_out_host(self, hosting: Hosting, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    self.say(data, to_host=False)
                case Paired():
                    if not self.host.keep(effect):
                        self.leave(at_host=True)
                        return
                    self._carry_out_host(hosting, hosting.stored())
                case Encapsulate() | TakenAgain() | Taken() | Verified():
                    raise MisuseError("not of a host")
                case _:
                    assert_never(effect)

    # --- the taker -------------------------------------------------------------------------------

    @property
    def is_matched(self) -> bool:
        """The host has shown that it has the code."""
        return self._call is not None and self._call.state is t.State.MATCHED

    @property
    def was_silent(self) -> bool:
        """It had the code, and no pairing came behind it."""
        return (
            self.is_matched and self.taking is not None and self.taking.state in (State.OPENED, State.FAILED)
        )

    @property
    def _expected_bytes_of_taker(self) -> int:
        if self.is_matched:
            return FRAME_BYTES
        return FLIGHT_BYTES if self.taking is None else CONFIRMATION_BYTES

    def at_taker(self, data: bytes) -> None:
        while not self.taker_left and (heard := self._next(data, at_host=False)):
            data = b""
            assert self._call is not None
            if self.taking is None:
                self.hear_answer(self._call, heard)
            elif self.is_matched:
                self._carry_out_taker(self.taking, self.taking.hear(heard))
            elif self._call.hear_confirmation(heard):
                self.taker.matched(self)
                self._leave_later(WHOLE_S, at_host=False)
            else:
                self.leave(at_host=False)

    def hear_answer(self, call: t.Call, answer: bytes) -> None:
        try:
            confirm = call.hear_answer(answer)
        except AccessDenied:
            self.taker.was_denied = True
            self.leave(at_host=False)
            return
        self.taking = self.taker.begin_taking(confirm.psk, self.host_address)
        self.say(confirm.confirmation, to_host=True)
        self.say(self.taking.first_bytes, to_host=True)

    def _carry_out_taker(self, taking: Taking, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(data=data):
                    for at in range(0, len(data), FRAME_BYTES):
                        self.say(data[at : at + FRAME_BYTES], to_host=True)
                case Encapsulate(public_key=public_key):
                    self._carry_out_taker(taking, taking.encapsulated(*encapsulate(public_key)))
                case Paired():
                    self.taker.keep(effect)
                case Taken() | TakenAgain() | Verified():
                    raise MisuseError("a code has one taker")
                case _:
                    assert_never(effect)


Dial = Callable[[CodeTaker, bytes], CodeCall]  # to a host at that address
