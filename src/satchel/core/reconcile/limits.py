"""How much of a conversation is heard, whoever speaks (M3). Spec: docs/spec/reconciliation.md, 7."""

from satchel.errors import PeerError

ROUNDS_MAX = 4_096
RANGES_MAX = 1 << 20  # said by the other side, skipped ones not counted
IDS_MAX = 1 << 21  # said by the other side


class Allowance:
    """Counts down; raises PeerError where nothing is left."""

    def __init__(self) -> None:
        self._rounds, self._ranges, self._ids = ROUNDS_MAX, RANGES_MAX, IDS_MAX

    def round(self) -> None:
        self._rounds -= 1
        if self._rounds < 0:
            raise PeerError(f"reconciliation 7.1: more than {ROUNDS_MAX} messages")

    def ranges(self, count: int) -> None:
        self._ranges -= count
        if self._ranges < 0:
            raise PeerError(f"reconciliation 7.2: more than {RANGES_MAX} ranges")

    def ids(self, count: int) -> None:
        self._ids -= count
        if self._ids < 0:
            raise PeerError(f"reconciliation 7.3: more than {IDS_MAX} ids")
