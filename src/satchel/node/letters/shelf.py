"""What is in custody, and the set of what others are shown, in step: each change goes through here.

Own bundles are with their letters, which end by themselves: `own_changed` looks what has become of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from satchel.core.bundles.header import SIZES_BYTES, BundleId
from satchel.core.custody.kept import (
    Change,
    Keep,
    Kept,
    Past,
    Receipted,
    Remember,
    Remove,
    Share,
    Show,
    Source,
)
from satchel.core.custody.policy import Custody
from satchel.core.reconcile.records import Records
from satchel.ports.bundles import Bundles


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change did to what is shown."""

    shown: tuple[BundleId, ...] = ()  # from now on
    gone: tuple[BundleId, ...] = ()  # not any more

    def with_others(self, other: "Moved") -> "Moved":
        """Both, so that nothing shows which are of which."""
        return Moved(tuple(sorted(self.shown + other.shown)), self.gone + other.gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How much is here, in bytes of bundles: amounts, and nothing about whom."""

    others_bytes: int  # of others, what has come in part as well
    own_bytes: int

    def told(self, room_bytes: int) -> dict[str, int]:
        """As a script reads it [api 2.7]. room_bytes: that those of others have."""
        return {"others": self.others_bytes, "own": self.own_bytes, "room": room_bytes}


def carried(bundles: Bundles) -> Carried:
    """Raises EnvironmentProblem."""
    shares = dict(bundles.shares())
    own = shares.pop(Source.OWN, Share())
    return Carried(others_bytes=sum(one.size_bytes for one in shares.values()), own_bytes=own.size_bytes)


class Shelf:
    """One for a node. Not to be used by two threads at once."""

    def __init__(self, bundles: Bundles, *, space_bytes: int, others_bytes: Callable[[int], int]) -> None:
        """See stores.World."""
        self.bundles = bundles
        self._space_bytes = space_bytes
        self._others_bytes = others_bytes
        self.look_at_room()
        self.records = Records(bundles.rows())
        self._own = {kept.id: kept for kept in self._own_ones()}

    @property
    def own(self) -> Iterable[Kept]:
        """Own bundles that are under way."""
        return self._own.values()

    @property
    def free_bytes(self) -> int:
        """So much may come in at once, and nothing has to go; less than 0 where there is no such room."""
        used = carried(self.bundles)
        return min(self.custody.others_bytes, self.custody.space_bytes - used.own_bytes) - used.others_bytes

    def look_at_room(self) -> None:
        """Once in a while: what the person has set, or how full the disk is, may have changed."""
        others_bytes = self._others_bytes(carried(self.bundles).others_bytes)
        space_bytes = max(self._space_bytes, 2 * others_bytes)
        self.custody = Custody(self.bundles, space_bytes=space_bytes, others_bytes=others_bytes)

    def apply(self, changes: Sequence[Change], bundles: Mapping[BundleId, bytes] | None = None) -> Moved:
        """Durable when this returns. Raises EnvironmentProblem: nothing was changed."""
        if not changes:
            return Moved()
        shown: list[Kept] = []
        gone: list[Kept] = []
        for change in changes:
            match change:
                case Keep(kept=kept) if kept.offered:
                    shown.append(kept)
                case Remove(id=id):
                    gone += self._kept(id)
                case Receipted(commitment=commitment):
                    gone += self.bundles.with_commitment(commitment)
                case Show(id=id, offered=offered):
                    (shown if offered else gone).extend(self._kept(id))
        self.bundles.apply(changes, bundles)
        for kept in gone:
            self.records.remove(kept.header.expiry_hour, kept.id)
        for kept in shown:
            self.records.insert(kept.header.expiry_hour, kept.id)
        self._own.update((one.id, replace(one, offered=True)) for one in shown if one.ingress is Source.OWN)
        return Moved(tuple(one.id for one in shown), tuple(one.id for one in gone))

    def sealed(self, ids: Iterable[BundleId]) -> None:
        """Own ones that are new, and shown to nobody yet."""
        self._own.update((kept.id, kept) for id in ids for kept in self._kept(id))

    def own_changed(self) -> Moved:
        """Letters were delivered, deleted or have expired: what is not here any more is not
        shown, and is not taken again when carriers bring it."""
        now = {kept.id: kept for kept in self._own_ones()}
        gone = [kept for id, kept in self._own.items() if id not in now]
        self._own = now
        for kept in gone:
            self.records.remove(kept.header.expiry_hour, kept.id)
        past = [kept for kept in gone if kept.header.expiry_hour and self.bundles.past(kept.id) is None]
        moved = self.apply([Remember(past=_past(kept)) for kept in past])
        return Moved(moved.shown, (*moved.gone, *(kept.id for kept in gone)))

    def _kept(self, id: BundleId) -> list[Kept]:
        kept = self.bundles.kept(id)
        return [kept] if kept is not None else []

    def _own_ones(self) -> Iterable[Kept]:
        for size_class in range(len(SIZES_BYTES)):
            yield from self.bundles.oldest(Source.OWN, size_class)


def was_handed_on(kept: Kept) -> bool:
    """An own one, to the last copy (custody 4.3), so it is shown no more. One that is held back may have left
    copies on sticks: the last one of those waits until it is shown, and is lost where the program starts anew
    before that."""
    return not (kept.offered or kept.header.floods) and kept.header.copies <= 1


def _past(kept: Kept) -> Past:
    """Nobody is asked for the receipt of one that no contact was shown (custody 6.10): nobody else would."""
    return Past(
        id=kept.id,
        commitment=kept.header.commitment,
        expiry_hour=kept.header.expiry_hour,
        ingress=Source.OWN,
        preimage=None,
        is_large=not kept.header.floods and (kept.offered or was_handed_on(kept)),
    )
