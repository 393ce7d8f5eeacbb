"""How many datagrams a second are looked at, per link and per source: pure, the caller brings the time.

A flood costs its limit and no more (P3); sources that were heard before keep half of the link's share for
themselves, so that forged new ones cannot silence them. Says nothing about what is in a datagram.
"""

from satchel.ports import Address

LINK_PER_S = 100.0
LINK_BURST = 100.0
NEWCOMERS_PER_S = 50.0
NEWCOMERS_BURST = 50.0
SOURCE_PER_S = 5.0  # a host in a rendezvous speaks up to four times a second [code-and-rendezvous 4.4]
SOURCE_BURST = 10.0
SOURCES_MAX = 512


class Bucket:
    """A token bucket that starts full."""

    __slots__ = ("_burst", "_level", "_per_s", "_since_s")

    def __init__(self, per_s: float, burst: float, now_s: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._level = burst
        self._since_s = now_s

    def has_token(self, now_s: float) -> bool:
        passed_s = max(0.0, now_s - self._since_s)  # a clock that went back pays nothing out
        self._level = min(self._burst, self._level + passed_s * self._per_s)
        self._since_s = now_s
        return self._level >= 1.0

    def spend(self) -> None:
        self._level -= 1.0


class Gate:
    """One link's turnstile."""

    def __init__(self, now_s: float) -> None:
        self._link = Bucket(LINK_PER_S, LINK_BURST, now_s)
        self._newcomers = Bucket(NEWCOMERS_PER_S, NEWCOMERS_BURST, now_s)
        self._sources: dict[Address, Bucket] = {}  # least recently admitted first

    def admit(self, source: Address, now_s: float) -> bool:
        """Whether this datagram is worth a look. What is refused changes nothing for its source."""
        if not self._link.has_token(now_s):
            return False
        bucket = self._sources.get(source)
        if bucket is None:
            if not self._newcomers.has_token(now_s):
                return False
            self._newcomers.spend()
            bucket = Bucket(SOURCE_PER_S, SOURCE_BURST, now_s)
            if len(self._sources) >= SOURCES_MAX:
                del self._sources[next(iter(self._sources))]
        if not bucket.has_token(now_s):
            return False
        bucket.spend()
        self._link.spend()
        self._sources.pop(source, None)
        self._sources[source] = bucket  # now the most recently admitted
        return True
