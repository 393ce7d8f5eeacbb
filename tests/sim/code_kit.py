"""Two people and a code that one of them says, and what has to hold after every event."""

from collections.abc import Callable
from dataclasses import replace

from core.pairing.pair_kit import fits
from satchel.core.identity.pair import Proof
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.host import GUESSES_MAX, PAUSE_AFTER_WRONG_S
from satchel.core.pairing.typist import ANSWERING_HOSTS_MAX
from satchel.sim.code_host import CodeHost
from satchel.sim.codes import CodeCall, CodeTaker, Dial
from satchel.sim.line import ADDRESS, Line, Trouble
from satchel.sim.world import World

SLIGHTLY_S = 1e-6
FLIGHT, ANSWER, TYPIST_CONFIRMS, COMMITMENT = 1, 2, 3, 4  # the frames of a pairing by code, as they are said
HOST_KEYS, TAKER_KEYS, TAKER_CONFIRMS = 6, 7, 8
ACCEPTED, STORED = 10, 11
FRAMES = STORED


class Two:
    """One shows a code and says it, the other one types it. `rivals`: who has heard it as well."""

    def __init__(
        self,
        seed: int,
        trouble: Trouble,
        *,
        wrong_s: tuple[int, int] = (0, 0),
        line: Callable[[World, Trouble], Line] = Line,
    ) -> None:
        self.world = World(seed)
        self.line = line(self.world, replace(trouble))
        self.host = CodeHost(self.line, "host", wrong_s=wrong_s[0])
        self.taker = CodeTaker(self.line, "taker", wrong_s=wrong_s[1])
        self.rivals: list[CodeTaker] = []
        self.trace: list[tuple[float, int, bool, bool]] = []

    def dial(self, taker: CodeTaker, address: bytes) -> CodeCall:
        return CodeCall(self.line, self.host, taker, address)

    @property
    def code(self) -> SpokenCode:
        assert self.host.code is not None
        return self.host.code

    @property
    def wrong_code(self) -> SpokenCode:
        """The right channel, one word off."""
        first, second, third = self.code.words
        return SpokenCode(self.code.channel, (first, second, third ^ 1))

    def begin(self, *, times: int = 1) -> None:
        self.host.show()
        self.type(times=times)

    def type(self, hosts: dict[bytes, Dial] | None = None, *, times: int = 1) -> None:
        self.taker.type(self.code.spoken(), hosts or {ADDRESS: self.dial}, times=times)

    @property
    def are_paired(self) -> bool:
        return fit(self.host, self.taker)

    def check(self) -> None:
        """After every event."""
        takers = [self.taker, *self.rivals]
        with_contact = [taker for taker in takers if taker.contact is not None]
        assert len(with_contact) <= 1  # one code, one contact
        assert all(fit(self.host, taker) for taker in with_contact)  # the host has stored first
        for one in (self.host, *with_contact):
            if one.contact is not None:
                assert (one.contact.pair.proof, one.contact.comparison) == (Proof.CODE, None)
                assert one.contact.takers == 1
        check_guesses(self.host)
        for taker in takers:  # who had the code costs no try, however often the line breaks behind it
            assert len(taker.told) <= ANSWERING_HOSTS_MAX
            assert not taker.was_denied or len(taker.told) == ANSWERING_HOSTS_MAX
        stored = self.host.contact is not None, self.taker.contact is not None
        self.trace.append((self.world.now_s, len(self.host.guesses), *stored))

    def run(self, within_s: float) -> None:
        self.world.run(self.world.now_s + within_s, self.check)

    def end_well(self) -> None:
        """The trouble is over. The same code is good as long as it is open; else they begin again, once."""
        self.line.trouble.end()
        self.run(60.0)
        if self.host.has_met and self.taker.contact is None:  # half a pair: who has not it was told so
            assert self.taker.was_cut_off or self.taker.power_failures
        if not self.are_paired and self.host.is_open:
            self.type()
            self.run(60.0)
            assert self.are_paired
        if not self.are_paired:
            self.begin()
            self.run(30.0)
        assert self.are_paired


def fit(host: CodeHost, taker: CodeTaker) -> bool:
    """Whether each has the other half of one pair."""
    if host.contact is None or taker.contact is None:
        return False
    return fits(taker.contact.pair, host.contact.pair)


def check_guesses(host: CodeHost) -> None:
    """Each was shown, sixteen are all, and after a wrong one nobody is answered for two seconds."""
    assert [number for number, _ in host.guesses] == list(range(1, len(host.guesses) + 1))
    assert len(host.guesses) <= GUESSES_MAX
    if (
        len(host.guesses) == GUESSES_MAX
        and host.found_wrong_s
        and host.found_wrong_s[-1] >= host.guesses[-1][1]
    ):
        assert not host.is_open
    for _, guess_s in host.guesses:
        before_s = max(
            (wrong_s for wrong_s in host.found_wrong_s if wrong_s < guess_s), default=float("-inf")
        )
        assert guess_s - before_s >= PAUSE_AFTER_WRONG_S - SLIGHTLY_S
