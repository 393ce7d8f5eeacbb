"""How often a body may fail to open, by who brought it: 20 times a minute (C2, P3).

A tag is never given up because of forged bodies; so who forges them pays, and nobody else waits.
Spec: docs/spec/bundle.md, 4.4.
"""

from collections import deque

from satchel.core.identity.contacts import ContactId

FAILURES_MAX = 20
WITHIN_S = 60.0


class Failures:
    """Of all neighbours. In memory: a new start forgives."""

    def __init__(self) -> None:
        self._failed_s: dict[ContactId | None, deque[float]] = {}

    def may_try(self, ingress: ContactId | None, now_s: float) -> bool:
        """Whether a body that this neighbour brought is tried now; else it stays as it is, for later.

        ingress: who handed the bundle to us; None: a stick.
        """
        failed_s = self._failed_s.get(ingress)
        while failed_s and now_s - failed_s[0] >= WITHIN_S:
            failed_s.popleft()
        if not failed_s:
            self._failed_s.pop(ingress, None)
            return True
        return len(failed_s) < FAILURES_MAX

    def failed(self, ingress: ContactId | None, now_s: float) -> None:
        """A body did not open."""
        self._failed_s.setdefault(ingress, deque(maxlen=FAILURES_MAX)).append(now_s)
