"""What one person carries, in memory: ports.bundles without a disk, for many people at once.

It does what store/bundles.py does: a test has both live through the same days. And it fails where custody
keeps what was here before, or was receipted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from satchel.core.bundles.header import BundleId, Header, decode_header, with_copies
from satchel.core.bundles.receipt import Receipt
from satchel.core.custody.copies import FIRST_MIN
from satchel.core.custody.kept import (
    Change,
    Forget,
    Ingress,
    Keep,
    Kept,
    Known,
    Past,
    Receipted,
    Recount,
    Remember,
    Remove,
    Share,
    Show,
    Source,
)
from satchel.core.custody.limits import PARTIALS_MAX
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.letter import LetterId
from satchel.errors import EnvironmentProblem


@dataclass(slots=True, kw_only=True)
class Own:
    """A bundle of an own letter, under way, or shown until its receipt leaves."""

    contact: ContactId
    letter: LetterId
    number: int
    header: Header
    preimage: bytes
    sealed_s: int
    bundle: bytes | None  # None: this profile was restored
    offered: bool = False
    handed: int = 0
    has_ended: bool = False


class Disk:
    """Is written before anything changes; may be full, now and then."""

    def __init__(self, is_full: Callable[[], bool] = lambda: False) -> None:
        self.is_full = is_full

    def write(self) -> None:
        if self.is_full():
            raise EnvironmentProblem("The disk is full.", safe="Nothing was changed.", do="Make room.")


class MemoryBundles:
    """See ports.bundles.Bundles."""

    def __init__(self, own: dict[BundleId, Own], disk: Disk, pool: dict[BundleId, bytes]) -> None:
        """`own` belongs to the letters. `pool`: bytes that several have are there once."""
        self.own = own
        self._disk = disk
        self._pool = pool
        self._carried: dict[BundleId, Kept] = {}  # in the order in which they came
        self._bodies: dict[BundleId, bytes] = {}
        self._past: dict[BundleId, Past] = {}
        self._untried: set[BundleId] = set()
        self._order: defaultdict[tuple[Ingress, int], dict[BundleId, None]] = defaultdict(dict)
        self._past_order: defaultdict[Ingress, dict[BundleId, None]] = defaultdict(dict)
        self._by_commitment: defaultdict[bytes, dict[BundleId, None]] = defaultdict(dict)
        self._by_tag: defaultdict[bytes, dict[BundleId, None]] = defaultdict(dict)
        self._hours: defaultdict[int, dict[BundleId, None]] = defaultdict(dict)
        self._partials: defaultdict[ContactId, dict[BundleId, bytes]] = defaultdict(dict)
        self._sizes, self._counts = Counter[Ingress](), Counter[Ingress]()

    # --- looking ------------------------------------------------------------------------------------

    def kept(self, id: BundleId) -> Kept | None:
        return self._carried.get(id) or self._own(id)

    def past(self, id: BundleId) -> Past | None:
        return self._past.get(id)

    def known(self, commitment: bytes) -> Known | None:
        ids = self._by_commitment.get(commitment, {})
        mine = (id for id, one in self.own.items() if one.header.commitment == commitment)
        own = next((self._under_way(id) for id in mine), None)
        if not ids and own is None:
            return None
        past = (self._past[id] for id in ids if id in self._past)
        return Known(own=own, receipt=next((one for one in past if one.preimage is not None), None))

    def shares(self) -> Mapping[Ingress, Share]:
        sizes, counts = self._sizes.copy(), self._counts.copy()
        for one in self.own.values():
            if one.bundle is not None:
                sizes[Source.OWN] += one.header.size_bytes
                counts[Source.OWN] += 1
        past = {who: len(some) for who, some in self._past_order.items() if some}
        everybody = {who: None for some in (sizes, counts, past) for who, count in some.items() if count}
        return {
            who: Share(size_bytes=sizes[who], bundles=counts[who], past=past.get(who, 0)) for who in everybody
        }

    def oldest(self, ingress: Ingress, size_class: int) -> Iterator[Kept]:
        if ingress is Source.OWN:
            mine = [id for id, one in self.own.items() if one.header.size_class == size_class]
            yield from [kept for id in mine if (kept := self._own(id))]
            return
        all = [self._carried[id] for id in self._order[ingress, size_class]]
        yield from sorted(all, key=lambda kept: kept.header.copies >= FIRST_MIN)

    def oldest_past(self, ingress: Ingress) -> Iterator[Past]:
        for id in list(self._past_order[_payer(ingress)]):
            yield self._past[id]

    def expired(self, hour: int) -> Iterator[Kept | Past]:
        own = [kept for id in self.own if (kept := self._own(id))]
        yield from (kept for kept in own if 0 < kept.header.expiry_hour < hour)
        if self._hours and min(self._hours) < hour:
            for early in sorted(one for one in self._hours if one < hour):
                yield from [self._carried.get(id) or self._past[id] for id in self._hours[early]]

    def partial(self, contact: ContactId, id: BundleId) -> bytes:
        return self._partials[contact].get(id, b"")

    def rows(self) -> Iterator[tuple[int, BundleId]]:
        own = [kept for id in self.own if (kept := self._own(id))]
        every = [*(kept for kept in own if kept.header.expiry_hour), *self._carried.values()]
        return iter(sorted((kept.header.expiry_hour, kept.id) for kept in every if kept.offered))

    def tags(self) -> Iterator[bytes]:
        return iter(sorted(self._by_tag))

    def with_tag(self, tag: bytes) -> Iterator[Kept]:
        return iter([self._carried[id] for id in self._by_tag.get(tag, {})])

    def with_commitment(self, commitment: bytes) -> list[Kept]:
        ids = self._by_commitment.get(commitment, {})
        return [self._carried[id] for id in ids if id in self._carried]

    def to(self, contact: ContactId) -> list[Kept]:
        mine = [id for id, one in self.own.items() if one.contact == contact and not one.has_ended]
        return [kept for id in mine if (kept := self._own(id))]

    def awaited(self, start: bytes, count: int) -> list[bytes]:
        some = {one.commitment for one in self._past.values() if one.is_large and one.preimage is None}
        return sorted(some, key=lambda one: (one < start, one))[:count]

    def read(self, id: BundleId) -> bytes | None:
        kept = self.kept(id)
        if kept is None:
            return None
        body = self._bodies.get(id) or self.own[id].bundle
        assert body is not None
        return with_copies(body, kept.header.copies)

    def receipts(self) -> Iterator[Receipt]:
        for past in list(self._past.values()):
            if past.preimage is not None:
                yield Receipt(preimage=past.preimage, expiry_hour=past.expiry_hour)

    def partials(self, contact: ContactId) -> dict[BundleId, int]:
        return {id: len(blocks) for id, blocks in self._partials[contact].items()}

    # --- changing -----------------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change], bundles: Mapping[BundleId, bytes] | None = None) -> None:
        self._disk.write()
        for change in changes:
            match change:
                case Keep(kept=kept):
                    self._keep(kept, (bundles or {}).get(kept.id, b""))
                case Remove(id=id, past=past):
                    if past is not None:
                        self._remember(past)
                        self._untried.add(id)
                    self._remove(id)
                case Receipted(commitment=commitment, preimage=preimage):
                    self._receipted(commitment, preimage)
                case Remember(past=past):
                    self._remember(past)
                case Forget(id=id):
                    self._forget(id)
                case Recount(id=id, copies=copies):
                    self._change(id, copies=copies)
                case Show(id=id, offered=offered):
                    self._change(id, offered=offered)

    def tried(self, *, but: Iterable[BundleId], lost: Iterable[BundleId]) -> None:
        self._disk.write()
        self._untried = set(lost)
        self._forget_untried()
        self._untried = set(but)

    def forget_untried(self) -> None:
        if self._untried:
            self._disk.write()
            self._forget_untried()

    def _forget_untried(self) -> None:
        for id in self._untried & self._past.keys():
            if self._past[id].preimage is None:
                self._forget(id)
        self._untried = set()

    def _keep(self, kept: Kept, bundle: bytes) -> None:
        if kept.ingress is Source.OWN:
            return
        for contact in list(self._partials):
            self.drop_partials(contact, [kept.id])
        if kept.id in self._carried:
            return
        header = kept.header
        ended = (self._past.get(id) for id in self._by_commitment.get(header.commitment, {}))
        assert kept.id not in self._past, "what was here before"
        assert all(one is None or one.preimage is None for one in ended), "what was receipted"
        self._carried[kept.id] = kept
        self._bodies[kept.id] = self._pool.setdefault(kept.id, bundle)
        self._order[kept.ingress, header.size_class][kept.id] = None
        self._by_tag[header.tag][kept.id] = None
        self._hours[header.expiry_hour][kept.id] = None
        self._by_commitment[header.commitment][kept.id] = None
        self._sizes[kept.ingress] += header.size_bytes
        self._counts[kept.ingress] += 1

    def _remove(self, id: BundleId) -> None:
        kept = self._carried.pop(id, None)
        if kept is None:
            if id in self.own:
                self.own[id].bundle = None
            return
        del self._bodies[id]
        del self._order[kept.ingress, kept.header.size_class][id]
        del self._by_tag[kept.header.tag][id]
        if not self._by_tag[kept.header.tag]:
            del self._by_tag[kept.header.tag]
        if id not in self._past:
            self._unlist(id, kept.header.expiry_hour, kept.header.commitment)
        self._sizes[kept.ingress] -= kept.header.size_bytes
        self._counts[kept.ingress] -= 1

    def _receipted(self, commitment: bytes, preimage: bytes) -> None:
        for id in list(self._by_commitment.get(commitment, {})):
            kept, past = self._carried.get(id), self._past.get(id)
            if past is not None:
                self._past[id] = replace(past, preimage=preimage)
            if kept is not None:
                self._remove(id)
                self._remember(
                    Past(
                        id=id,
                        commitment=commitment,
                        expiry_hour=kept.header.expiry_hour,
                        ingress=kept.ingress,
                        preimage=preimage,
                    )
                )

    def _remember(self, past: Past) -> None:
        self._forget(past.id)
        past = replace(past, ingress=_payer(past.ingress))
        self._past[past.id] = past
        self._past_order[past.ingress][past.id] = None
        self._hours[past.expiry_hour][past.id] = None
        self._by_commitment[past.commitment][past.id] = None

    def _forget(self, id: BundleId) -> None:
        past = self._past.pop(id, None)
        if past is not None:
            del self._past_order[past.ingress][id]
            if id not in self._carried:
                self._unlist(id, past.expiry_hour, past.commitment)

    def _unlist(self, id: BundleId, hour: int, commitment: bytes) -> None:
        del self._hours[hour][id]
        del self._by_commitment[commitment][id]
        if not self._hours[hour]:
            del self._hours[hour]
        if not self._by_commitment[commitment]:
            del self._by_commitment[commitment]

    def _change(self, id: BundleId, *, copies: int | None = None, offered: bool | None = None) -> None:
        kept = self._carried.get(id)
        if kept is not None:
            header = kept.header if copies is None else replace(kept.header, copies=copies)
            shown = kept.offered if offered is None else offered
            self._carried[id] = replace(kept, header=header, offered=shown)
        elif id in self.own:
            own = self.own[id]
            if copies is not None:
                own.header = replace(own.header, copies=copies)
            if offered is not None:
                own.offered = offered

    def append(self, contact: ContactId, id: BundleId, at: int, blocks: bytes) -> None:
        self._disk.write()
        some = self._partials[contact]
        before = some.pop(id, b"")
        assert at == len(before)
        some[id] = before + blocks
        self._sizes[contact] += len(blocks)
        for early in list(some)[:-PARTIALS_MAX]:
            self._sizes[contact] -= len(some.pop(early))

    def drop_partials(self, contact: ContactId, ids: Sequence[BundleId]) -> None:
        for id in ids:
            self._sizes[contact] -= len(self._partials[contact].pop(id, b""))

    def give_back(self) -> bool:
        return False

    def expire_partials(self, hour: int) -> list[BundleId]:
        over: list[BundleId] = []
        for contact, some in self._partials.items():
            mine = [id for id, blocks in some.items() if 0 < decode_header(blocks).expiry_hour < hour]
            self.drop_partials(contact, mine)
            over += mine
        return over

    def _own(self, id: BundleId) -> Kept | None:
        own = self.own.get(id)
        return None if own is None or own.bundle is None else self._under_way(id)

    def _under_way(self, id: BundleId) -> Kept:
        """Also where its bytes are not here: its receipt is known."""
        own = self.own[id]
        return Kept(id=id, header=own.header, ingress=Source.OWN, arrived_s=own.sealed_s, offered=own.offered)


def _payer(ingress: Ingress) -> Ingress:
    """What is remembered of an own bundle counts as a stick's."""
    return Source.STICK if ingress is Source.OWN else ingress
