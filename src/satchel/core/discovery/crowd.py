"""How many there are on a link, and so how seldom each may shout. Spec: docs/spec/discovery.md, 4.5."""

INTERVAL_MIN_S, INTERVAL_MAX_S = 15.0, 90.0
INTERVAL_PER_SOURCE_S = 0.12
CROWD_LASTS_S = 60.0
CROWD_MAX = round(INTERVAL_MAX_S / INTERVAL_PER_SOURCE_S)  # so no interval is longer than that


class Crowd:
    """The sources of the last minute. Forged ones make everybody slower, and never silent (P3)."""

    def __init__(self) -> None:
        self._heard_s: dict[bytes, float] = {}  # the longest ago first

    def hear(self, source: bytes, now_s: float) -> None:
        self._heard_s.pop(source, None)
        if len(self._heard_s) >= CROWD_MAX:
            del self._heard_s[next(iter(self._heard_s))]
        self._heard_s[source] = now_s

    def interval_s(self, now_s: float) -> float:
        """Between two packets of ours."""
        while self._heard_s and now_s - next(iter(self._heard_s.values())) >= CROWD_LASTS_S:
            del self._heard_s[next(iter(self._heard_s))]
        return max(INTERVAL_MIN_S, INTERVAL_PER_SOURCE_S * len(self._heard_s))
