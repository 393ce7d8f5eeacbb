"""When an own bundle is shown to others: not when it was written, and among what others brought (C1).

In memory, by a clock that only goes forward: a node that starts again draws again.
Spec: docs/spec/custody.md, section 5.
"""

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.release import held_back_s


class HeldBack:
    """Own bundles that only their recipients are given."""

    def __init__(self) -> None:
        self._from_until_s: dict[BundleId, tuple[float, float]] = {}

    def hold(self, id: BundleId, *, chance: bytes, now_s: float) -> None:
        """chance: lifetime.CHANCE_BYTES fresh random bytes. now_s: of a clock that is never set."""
        delay_s = held_back_s(chance)
        self._from_until_s[id] = (now_s + delay_s / 2, now_s + delay_s)

    def drop(self, id: BundleId) -> None:
        """It is delivered, deleted or expired."""
        self._from_until_s.pop(id, None)

    def holds(self, id: BundleId) -> bool:
        return id in self._from_until_s

    def due(self, now_s: float, *, batch: bool = False) -> list[BundleId]:
        """Which are to be shown now, and are held back no longer [5.2].

        batch: bundles of others have just come.
        """
        moment = 0 if batch else 1
        joining = [id for id, times_s in self._from_until_s.items() if times_s[moment] <= now_s]
        for id in joining:
            del self._from_until_s[id]
        return sorted(joining)  # not in the order in which they were written
