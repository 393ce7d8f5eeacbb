"""When the first round begins: those who come together are read for once, and nobody is waited for long."""

COME_ABOARD_S = 2.0  # how long the first round waits for others, after each one that came
COME_ABOARD_MAX_S = 10.0  # and in all


class Gathering:
    """Used with a lock held. Times are those of one monotonic clock, in seconds."""

    def __init__(self, expected: int) -> None:
        """`expected`: for so many receivers the first round waits a moment."""
        self._expected = expected
        self._came = 0
        self._first_came_s = 0.0
        self._ends_s: float | None = 0.0  # None: the first round has begun

    def come(self, now_s: float) -> None:
        """One more wants something. Nobody who comes and goes can keep the round from beginning."""
        if self._ends_s is None:
            return
        self._came += 1
        if self._came == 1:
            self._first_came_s = now_s
        latest_s = self._first_came_s + COME_ABOARD_MAX_S
        self._ends_s = now_s if self._came >= self._expected else min(now_s + COME_ABOARD_S, latest_s)

    def left_s(self, now_s: float) -> float:
        """How long to wait for others; 0 or less: the round may begin."""
        return 0.0 if self._ends_s is None else self._ends_s - now_s

    def end(self) -> None:
        """The round begins."""
        self._ends_s = None
