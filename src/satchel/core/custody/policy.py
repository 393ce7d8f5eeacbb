"""What is kept, and what goes when there is no room: everybody pays with what they brought (M3).

Looks at the index and answers with changes; has no state of its own but the limits. Spec:
docs/spec/custody.md, sections 2 and 3.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from satchel.core.bundles.header import SIZES_BYTES, BundleId, Header
from satchel.core.bundles.lifetime import Life, hour_of, life
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.copies import left
from satchel.core.custody.kept import (
    Change,
    Forget,
    Index,
    Ingress,
    Keep,
    Kept,
    Past,
    Receipted,
    Recount,
    Remember,
    Remove,
    Share,
    Show,
    Source,
)

BUNDLES_MAX = 1_000_000
PAST_MAX = 200_000  # remembered, some 100 bytes each
CHANGES_MAX = 1_024  # of one call: one transaction
GOING_BYTES_MAX = 8 << 20  # of what goes at once to make room: it is read before [6.9]

_NOTHING = Share()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a receipt does."""

    changes: tuple[Change, ...]
    delivered: Kept | None = None  # an own one: to be released as a receipt of ours [3.5]


@dataclass(frozen=True, slots=True)
class Custody:
    """The rules for one store."""

    index: Index
    space_bytes: int  # of all bundles
    others_bytes: int  # of it, for what others brought: half at most [2.3]
    bundles_max: int = BUNDLES_MAX
    past_max: int = PAST_MAX

    # --- what comes in ------------------------------------------------------------------------------

    def take_in(
        self, id: BundleId, header: Header, *, ingress: Ingress, now_s: int, clock_s: int | None
    ) -> list[Change] | None:
        """A whole bundle is here, and is what its id says. None: it is not kept.

        Args:
            now_s: node time, plausible or not.
            clock_s: lifetime.best_clock_s; None: nothing expires.
        """
        if self.refuses(id, header.expiry_hour, clock_s) or self.receipt_of(header.commitment) is not None:
            return None
        changes = self._make_room(header.size_bytes, ingress, now_s)
        if changes is None:
            return None
        kept = Kept(id=id, header=header, ingress=ingress, arrived_s=now_s, offered=True)
        return [*changes, Keep(kept=kept)]

    def write(self, id: BundleId, header: Header, *, now_s: int) -> list[Change] | None:
        """An own bundle. None: no room, so the letter waits. It is shown later (bundles/held_back.py)."""
        used = self.index.shares()
        own = used.get(Source.OWN, _NOTHING)
        all_bytes = sum(share.size_bytes for share in used.values())
        all_bundles = sum(share.bundles for share in used.values())
        half_bytes, half_bundles = self.space_bytes // 2, self.bundles_max // 2
        has_bytes = header.size_bytes <= max(half_bytes - own.size_bytes, self.space_bytes - all_bytes)
        if not has_bytes or max(half_bundles - own.bundles, self.bundles_max - all_bundles) < 1:
            return None
        kept = Kept(id=id, header=header, ingress=Source.OWN, arrived_s=now_s, offered=False)
        return [Keep(kept=kept)]

    def refuses(self, id: BundleId, expiry_hour: int, clock_s: int | None) -> bool:
        """Whether it would not be taken, as far as one can say before it comes."""
        if life(expiry_hour, clock_s) is not Life.TRAVELS:
            return True
        return self.index.kept(id) is not None or self.index.past(id) is not None

    def receipt_of(self, commitment: bytes) -> Receipt | None:
        """That forbids each bundle with this commitment [3.3]."""
        known = self.index.known(commitment)
        return None if known is None or known.receipt is None else receipt_of(known.receipt)

    def _make_room(self, size_bytes: int, ingress: Ingress, now_s: int) -> list[Change] | None:
        """What has to go [2.4]. None: there is no room, or too much would have to go at once."""
        used, room = self._others()
        if size_bytes > room.size_bytes or room.bundles < 1:
            return None
        mine = used.get(ingress, _NOTHING)
        used[ingress] = replace(mine, size_bytes=mine.size_bytes + size_bytes, bundles=mine.bundles + 1)
        changes = list(islice(self._going(used, room, now_s), CHANGES_MAX))
        return None if _is_beyond(used, room) else changes

    def crowded(self, now_s: int) -> list[Change]:
        """What has to go since there is less room than before [2.8]. Again, while it answers something."""
        return list(islice(self._going(*self._others(), now_s), CHANGES_MAX))

    def _others(self) -> tuple[dict[Ingress, Share], Share]:
        """What others brought, and what there is room for of it."""
        used = dict(self.index.shares())
        own = used.pop(Source.OWN, _NOTHING)
        size_bytes = min(self.others_bytes, self.space_bytes - own.size_bytes)
        bundles = min(self.bundles_max // 2, self.bundles_max - own.bundles)
        return used, Share(size_bytes=max(0, size_bytes), bundles=max(0, bundles))

    def _going(self, used: dict[Ingress, Share], room: Share, now_s: int) -> Iterator[Change]:
        """Until the rest fits, or it is much, or unfinished ones take it all: those are not in `used`."""
        going, left_bytes = {one: _Going(self.index, one, now_s) for one in used}, GOING_BYTES_MAX
        while going and _is_beyond(used, room) and left_bytes > 0:
            largest = self._largest(used, going)
            if (gone := going[largest].next()) is None:
                del going[largest]
                continue
            size_bytes = used[largest].size_bytes - gone.header.size_bytes
            used[largest] = replace(used[largest], size_bytes=size_bytes, bundles=used[largest].bundles - 1)
            left_bytes -= gone.header.size_bytes
            yield _removed(gone)

    def _largest(self, used: Mapping[Ingress, Share], among: Iterable[Ingress]) -> Ingress:
        """Of bytes or of numbers, whichever is scarcer: a million small ones are a flood, too."""

        def part(one: Ingress) -> int:
            return max(used[one].size_bytes * self.bundles_max, used[one].bundles * 2 * self.others_bytes)

        return max(among, key=part)

    # --- what goes ----------------------------------------------------------------------------------

    def hear(self, receipt: Receipt) -> Heard:
        """It acts on what is here, or was [3.3]; on nothing, if nobody showed us such a bundle."""
        hashed = commitment(receipt.preimage)
        known = self.index.known(hashed)
        if known is None or known.own is not None:
            return Heard(changes=(), delivered=known.own if known else None)
        return Heard(changes=(Receipted(commitment=hashed, preimage=receipt.preimage),))

    def release(self, id: BundleId, header: Header, preimage: bytes) -> list[Change]:
        """A receipt of ours leaves: of what was opened here, or written here. From now on it acts here, too.

        Also where the bundle was never in custody: it came from its writer, and others may bring it [3.6].
        """
        changes: list[Change] = [Receipted(commitment=header.commitment, preimage=preimage)]
        if self.index.kept(id) is None and self.index.past(id) is None:
            changes.append(Remember(past=_past(id, header, Source.OWN, preimage)))
        return changes

    def handed_over(self, kept: Kept, gave: int) -> list[Change]:
        """A contact has it whole, and may hand on so many. The last copy is not kept as well [4.3]."""
        if kept.header.floods:
            return []
        copies = left(kept.header.copies, gave)
        if copies:
            return [Recount(id=kept.id, copies=copies)] if copies != kept.header.copies else []
        if kept.ingress is Source.OWN:  # its recipient may still come by
            return [Show(id=kept.id, offered=False)]
        return [_removed(kept)]

    def settle(self, clock_s: int | None) -> list[Change]:
        """What has expired, and what is remembered beyond the limit. Again, while it answers something."""
        changes: list[Change] = []
        if clock_s is not None:
            for one in islice(self.index.expired(hour_of(clock_s)), CHANGES_MAX):
                changes.append(Remove(id=one.id, past=None) if isinstance(one, Kept) else Forget(id=one.id))
        shares = dict(self.index.shares())
        surplus = sum(share.past for share in shares.values()) - self.past_max
        if not changes and surplus > 0:
            oldest = self.index.oldest_past(max(shares, key=lambda one: shares[one].past))
            changes += [Forget(id=past.id) for past in islice(oldest, min(surplus, CHANGES_MAX))]
        return changes


def receipt_of(past: Past) -> Receipt | None:
    """What is known of its end; None: it has only made room, or was handed on."""
    if past.preimage is None:
        return None
    return Receipt(preimage=past.preimage, expiry_hour=past.expiry_hour)


def _is_beyond(used: Mapping[Ingress, Share], room: Share) -> bool:
    size_bytes = sum(share.size_bytes for share in used.values())
    return size_bytes > room.size_bytes or sum(share.bundles for share in used.values()) > room.bundles


def _removed(kept: Kept) -> Remove:
    return Remove(id=kept.id, past=_past(kept.id, kept.header, kept.ingress, None))


def _past(id: BundleId, header: Header, ingress: Ingress, preimage: bytes | None) -> Past:
    return Past(
        id=id,
        commitment=header.commitment,
        expiry_hour=header.expiry_hour,
        ingress=ingress,
        preimage=preimage,
        is_large=not header.floods,
    )


class _Going:
    """What an ingress loses first: the largest size x age, that is the oldest of one of its classes."""

    def __init__(self, index: Index, ingress: Ingress, now_s: int) -> None:
        self._now_s = now_s
        self._by_class: list[Iterator[Kept]] = [
            index.oldest(ingress, size_class) for size_class in range(len(SIZES_BYTES))
        ]
        self._heads: list[Kept | None] = []

    def next(self) -> Kept | None:
        if not self._heads:  # nobody else's are looked up
            self._heads = [next(bundles, None) for bundles in self._by_class]
        heads = [(self._weight(head), place) for place, head in enumerate(self._heads) if head is not None]
        if not heads:
            return None
        _, place = max(heads)
        head, self._heads[place] = self._heads[place], next(self._by_class[place], None)
        return head

    def _weight(self, kept: Kept) -> int:
        """A clock that was wrong makes no bundle older than it can be, nor of no weight."""
        return kept.header.size_bytes * max(1, self._now_s - kept.arrived_s)
