"""How many pipes a hand-over should use: as many as help, and one where the network loses nothing. Pure.

TCP with loss-based congestion control takes a lost packet for a full network: with 1 % of loss one stream
gets a tenth of a 54 Mbit/s radio, sixteen get three quarters of it (Mathis et al. 1997: the rate of a stream
is bounded by MSS / (RTT x sqrt(loss)), whatever the link could do). So where segments are sent again, more
pipes are tried; where that does not make it faster, they rest. Promises nothing and knows no socket.
"""

from dataclasses import dataclass
from enum import Enum

PIPES_MAX = 16
FAST_BYTES_PER_S = 32 << 20  # a fast frame takes a thirtieth of a second then
GROWTH = 4  # times the pipes of before
WINDOW_S = 0.2
OPENING_S = 1.5  # how long to wait for the pipes that were asked for
SETTLING_S = 0.4  # the burst of their slow start would pass for what they can do
MEMORY_S = 2.0  # of losses
LOSS_SHARE_MIN = 0.002  # of segments sent again; below, one stream is well off
RESENT_MIN = 2  # and not by one accident alone
GAIN_MIN = 1.2  # less is not worth more connections
REST_S = 1.25  # after a try that did not help; twice as long after each further one
REST_MAX_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PathCounts:
    """What all pipes of a session have counted since they were opened."""

    acked_bytes: int
    sent_segments: int
    resent_segments: int


class State(Enum):
    WATCHING = "measuring with the pipes there are"
    OPENING = "more pipes were asked for"
    SETTLING = "they are there and still speeding up"
    COMPARING = "measuring whether they help"


class StripeAdvice:
    """State machine for one session; `sample` it several times a second while it streams."""

    def __init__(self) -> None:
        self.state = State.WATCHING
        self.pipes = 1  # to be used
        self.is_fast = False  # whether the pipe is, where there is one
        self._before = 1
        self._rate_before = 0.0
        self._best_rate = 0.0  # in a window, with any number of pipes
        self._since_s: float | None = None
        self._counts = PathCounts(acked_bytes=0, sent_segments=0, resent_segments=0)
        self._remembered, self._remembered_s = self._counts, 0.0
        self._doubted = False
        self._rest_s = REST_S
        self._rests_until_s = float("-inf")

    def sample(self, counts: PathCounts, *, pipes_open: int, now_s: float) -> int:
        """How many pipes to use from now on; more than are open: ask for them."""
        if self._since_s is None:
            self._begin(State.WATCHING, counts, now_s)
            self._remembered, self._remembered_s = counts, now_s
        assert self._since_s is not None
        passed_s = now_s - self._since_s
        match self.state:
            case State.OPENING if pipes_open >= self.pipes or passed_s >= OPENING_S:
                self._begin(State.SETTLING, counts, now_s)
            case State.SETTLING if passed_s >= SETTLING_S:
                self._begin(State.COMPARING, counts, now_s)
            case State.WATCHING if passed_s >= WINDOW_S:
                rate = self._rate(counts, passed_s)
                self.is_fast = self.pipes == 1 and rate >= (
                    FAST_BYTES_PER_S / 2 if self.is_fast else FAST_BYTES_PER_S
                )
                # While one gets faster by itself (slow start, BBR's startup), more would seem to help.
                growing, self._best_rate = rate > GAIN_MIN * self._best_rate, max(rate, self._best_rate)
                if growing or not self._try_more(counts, rate, pipes_open, now_s):
                    self._begin(State.WATCHING, counts, now_s)
            case State.COMPARING if passed_s >= WINDOW_S:
                self._compare(counts, self._rate(counts, passed_s), pipes_open, now_s)
            case _:
                pass
        return self.pipes

    def _compare(self, counts: PathCounts, rate: float, pipes_open: int, now_s: float) -> None:
        self._best_rate = max(rate, self._best_rate)
        if rate < GAIN_MIN * self._rate_before:
            if not self._doubted:  # once more: one window may have had bad luck
                self._doubted = True
                self._begin(State.COMPARING, counts, now_s)
                return
            self.pipes = self._before
            self._rests_until_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, REST_MAX_S)
        else:
            self._rest_s = REST_S
        if not self._try_more(counts, rate, pipes_open, now_s):
            self._begin(State.WATCHING, counts, now_s)

    def _try_more(self, counts: PathCounts, rate: float, pipes_open: int, now_s: float) -> bool:
        if not self._is_lossy(counts, now_s) or self.pipes >= PIPES_MAX or now_s < self._rests_until_s:
            return False
        self._before, self._rate_before, self._doubted = self.pipes, rate, False
        self.pipes = min(PIPES_MAX, self.pipes * GROWTH)
        self._begin(State.OPENING if pipes_open < self.pipes else State.SETTLING, counts, now_s)
        return True

    def _is_lossy(self, counts: PathCounts, now_s: float) -> bool:
        """By all that was counted lately: in one window of a slow stream there may be no loss at all."""
        then = self._remembered
        sent = counts.sent_segments - then.sent_segments
        resent = counts.resent_segments - then.resent_segments
        if now_s - self._remembered_s > MEMORY_S:
            self._remembered, self._remembered_s = counts, now_s
        return resent >= max(RESENT_MIN, LOSS_SHARE_MIN * sent)

    def _rate(self, counts: PathCounts, passed_s: float) -> float:
        return (counts.acked_bytes - self._counts.acked_bytes) / passed_s

    def _begin(self, state: State, counts: PathCounts, now_s: float) -> None:
        self.state, self._counts, self._since_s = state, counts, now_s
