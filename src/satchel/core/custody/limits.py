"""How much of what a contact says may lead to nothing (M3). Spec: docs/spec/custody.md, section 9."""

from satchel.errors import PeerError

WANTED_MAX = 16_384  # bundles of one direction that are wanted, and not yet stored or gone
PARTIALS_MAX = 4  # unfinished bundles that are kept of one contact; the oldest goes first
AGAIN_S = 60.0  # from one comparison to the next, where there was more than fits one
AGAIN_CALM_S = 900.0  # where there was not: what was left out of offers meanwhile is found
AGAIN_S_MIN = 30.0  # from one to the next, as it is heard
VAIN_MAX = 65_536
VAIN_PER_S = 1_000.0
SAID_SHARE = 0.5  # of that, who keeps the rules says at most so much
WAITING_BYTES_MAX = 8 << 20  # of words that wait to be said: several times what who reads them leaves there
AWAITED_MAX = 4_096  # bundles whose receipts a contact is asked for in a session
OFFERED_MAX = 65_536  # what was offered and not wanted is not offered again, as far as it is known


class Allowance:
    """Of words in vain: a bundle that is not here, a receipt of nothing, an offer of what we have.

    Each costs a look-up. It fills up again, so that a session may last for days. Who says such words keeps
    an allowance, too, a smaller one: so it is never refused.
    """

    def __init__(self, now_s: float, *, share: float = 1.0) -> None:
        self._max, self._per_s = VAIN_MAX * share, VAIN_PER_S * share
        self._left, self._at_s = self._max, now_s

    def grant(self, count: int, now_s: float) -> int:
        """How many of `count` may be said, or heard."""
        self.give_back(self._per_s * max(0.0, now_s - self._at_s))
        self._at_s = max(self._at_s, now_s)
        granted = min(count, int(self._left))
        self._left -= granted
        return granted

    def give_back(self, count: float) -> None:
        """They were not in vain."""
        self._left = min(self._max, self._left + count)

    def spend(self, count: int, now_s: float) -> None:
        """Raises PeerError: nothing is left."""
        if self.grant(count, now_s) < count:
            raise PeerError(f"custody 9.1: more than {VAIN_MAX} words about what there is not")
