"""Own letters on their way out: written, sealed in their turn, held back from carriers, taken back.

Spec: docs/spec/chain.md, 3; docs/spec/bundle.md, 5; docs/spec/custody.md, 5.
"""

from collections.abc import Sequence

from satchel.core.bundles.header import (
    COMMITMENT_BYTES,
    FLOOD_BYTES_MAX,
    SIZES_BYTES,
    BundleId,
    bundle_id,
    decode_bundle,
)
from satchel.core.bundles.held_back import HeldBack
from satchel.core.bundles.lifetime import CHANCE_BYTES, LIFETIME_H_MAX, expiry_hour, hour_of
from satchel.core.bundles.receipt import PREIMAGE_BYTES
from satchel.core.bundles.release import receipt_delay_s
from satchel.core.crypto.aead import NONCE_BYTES
from satchel.core.custody.copies import first_copies
from satchel.core.custody.kept import Kept, Show, Source
from satchel.core.custody.limits import AWAITED_MAX
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Speaking
from satchel.core.sealing.letter import ID_BYTES, Attachment, Letter, LetterId, encode_letter, next_order
from satchel.core.sealing.parts import encode_part, split
from satchel.core.sealing.seal import seal
from satchel.errors import NothingToDo
from satchel.node.letters.shelf import Moved, Shelf, was_handed_on
from satchel.node.letters.stores import World
from satchel.node.letters.times import later
from satchel.ports.letters import SealedPart

LARGE = [size_class for size_class, size in enumerate(SIZES_BYTES) if size > FLOOD_BYTES_MAX]


class Outbox:
    """Not to be used by two threads at once."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self._world = world
        self._stores = world.stores
        self._shelf = shelf
        self._held = HeldBack()
        for kept in shelf.own:
            if not kept.offered and not was_handed_on(kept):
                self._hold(kept.id, kept.header.expiry_hour)

    def write(
        self,
        contact: ContactId,
        text: str,
        *,
        attachments: Sequence[Attachment] = (),
        reply_to: LetterId | None = None,
        lifetime_h: int = LIFETIME_H_MAX,
    ) -> LetterId:
        """Kept until it is sealed. Raises MisuseError: such a letter cannot be sent; EnvironmentProblem."""
        best_s, letters = self._world.clock.best_s(), self._stores.letters
        letter = Letter(
            order=next_order(letters.highest_order(contact)),
            text=text,
            written_s=best_s,
            reply_to=reply_to,
            expiry_hour=None if best_s is None else hour_of(best_s) + lifetime_h,
            attachments=tuple(attachments),
        )
        id = LetterId(self._world.entropy.draw(ID_BYTES))
        letters.write(contact, id, letter)
        return id

    def seal_kept(self) -> tuple[dict[ContactId, list[BundleId]], list[LetterId]]:
        """All that can be sealed now; the others wait, and so does what was written after them to the same
        contact. Returns the new bundles by their readers, and the letters. Raises EnvironmentProblem."""
        sealed: dict[ContactId, list[BundleId]] = {}
        letters: list[LetterId] = []
        waiting: set[ContactId] = set()
        for contact, id in self._stores.letters.kept():
            if contact in waiting:
                continue
            try:
                bundles = self._seal(contact, id)
            except NothingToDo:  # a backup has left out some of it, or it was deleted
                continue
            if bundles is None:
                waiting.add(contact)
            else:
                sealed.setdefault(contact, []).extend(bundles)
                letters.append(id)
        self._shelf.sealed(id for ids in sealed.values() for id in ids)
        return sealed, letters

    def _seal(self, contact: ContactId, id: LetterId) -> list[BundleId] | None:
        letter = self._stores.letters.letter(contact, id)
        speaking: Speaking = self._stores.chains.speaking(contact)
        split_up = split(id, encode_letter(letter))
        if speaking.room < len(split_up):
            return None
        parts = []
        now_s = self._world.clock.read().time_s
        for part in split_up:
            number = speaking.place.number
            entry, speaking = speaking.take()
            preimage = self._world.entropy.draw(PREIMAGE_BYTES)
            bundle = seal(
                entry,
                encode_part(part),
                preimage=preimage,
                nonce=self._world.entropy.draw(NONCE_BYTES),
                expiry_hour=self._expiry_hour(letter),
                copies=first_copies(self._world.entropy.draw(CHANCE_BYTES)),
            )
            if self._shelf.custody.write(bundle_id(bundle), decode_bundle(bundle), now_s=now_s) is None:
                return None  # no room: nothing was stored, so these numbers were not used
            parts.append(SealedPart(number=number, bundle=bundle, preimage=preimage))
        self._stores.sending.seal(contact, id, speaking, parts, now_s=now_s)
        ids = [bundle_id(part.bundle) for part in parts]
        for sealed, bundle in zip(parts, ids, strict=True):
            self._hold(bundle, decode_bundle(sealed.bundle).expiry_hour)
        return ids

    def _expiry_hour(self, letter: Letter) -> int:
        """0: there was no clock when it was written, or is none now, so it goes in sessions only."""
        best_s = self._world.clock.best_s()
        if best_s is None or letter.expiry_hour is None:
            return 0
        left_h = min(LIFETIME_H_MAX, max(1, letter.expiry_hour - hour_of(best_s)))
        chance = self._world.entropy.draw(CHANCE_BYTES)
        return expiry_hour(clock_s=best_s, lifetime_h=left_h, chance=chance)

    def _hold(self, id: BundleId, hour: int) -> None:
        if hour:  # else no carrier may have it
            self._held.hold(id, chance=self._world.entropy.draw(CHANCE_BYTES), now_s=self._world.now_s())

    def show_due(self, *, batch: bool) -> Moved:
        """What has been held back long enough, or joins what others have just brought (custody 5.2)."""
        due = self._held.due(self._world.now_s(), batch=batch)
        return self._shelf.apply([Show(id=id, offered=True) for id in due])

    def handed_over(self, kept: Kept, copies: int) -> tuple[Moved, set[LetterId]]:
        """A carrier, or a stick, has this bundle whole, of whomever, with so many copies (custody 4.3).
        Returns the own letter, too, where it is of one."""
        moved = self._shelf.apply(self._shelf.custody.handed_over(kept, copies))
        is_own = kept.ingress is Source.OWN
        return moved, self._stores.sending.handed_over([kept.id]) if is_own else set()

    def awaited(self) -> list[bytes]:
        """Of large bundles that are shown no more, own ones or not: of which a contact is asked whether their
        receipts have come there (custody 6.10). Where they are too many, from a place on that is drawn."""
        start, oldest = self._world.entropy.draw(COMMITMENT_BYTES), self._shelf.bundles.oldest
        own = [kept for size_class in LARGE for kept in oldest(Source.OWN, size_class)]
        marks = {one.header.commitment for one in own if was_handed_on(one) and not self._held.holds(one.id)}
        marks.update(self._shelf.bundles.awaited(start, AWAITED_MAX))
        return sorted(marks, key=lambda mark: (mark < start, mark))[:AWAITED_MAX]

    def delete(self, contact: ContactId, id: LetterId) -> Moved:
        """A letter is gone; of an own one under way the receipts are released. Raises NothingToDo."""
        self._stores.letters.delete(contact, id, self.draw_due)
        return self.own_changed()

    def own_changed(self) -> Moved:
        """Letters have ended otherwise: see Shelf."""
        moved = self._shelf.own_changed()
        for gone in moved.gone:
            self._held.drop(gone)
        return moved

    def draw_due(self) -> Reading:
        """When a receipt of ours may leave, from now (receipt 3.1)."""
        delay_s = receipt_delay_s(self._world.entropy.draw(CHANCE_BYTES))
        return later(self._world.clock.read(), delay_s)
