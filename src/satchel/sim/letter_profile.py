"""What one person's profile remembers of letters, in memory: ports.letters without a disk.

`backup` is a copy as a backup is: with conversations and chains, without what is carried and without the
bytes of own bundles. Spec: docs/spec/profile.md, 11.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

from satchel.core.bundles.header import BundleId, bundle_id, decode_bundle
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry, Speaking
from satchel.core.sealing.letter import Letter, LetterId, encode_letter, sort_key
from satchel.core.sealing.listening import Change, Listening
from satchel.core.sealing.parts import Gathering, Unfinished
from satchel.errors import MisuseError, NothingToDo
from satchel.ports.contacts import Contact
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import (
    Delivery,
    DueReceipt,
    OnePart,
    Opening,
    SealedPart,
    StoredAttachment,
    StoredLetter,
    Unreadable,
    WholeLetter,
)
from satchel.sim.letter_bundles import Disk, MemoryBundles, Own
from satchel.sim.letter_inventories import MemoryInventories
from satchel.sim.letter_rows import Data, Row


class MemoryContacts:
    """Who is known."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def all(self) -> list[Contact]:
        return list(self._data.contacts.values())

    def add(self, contact: Contact) -> None:
        self._data.contacts[contact.id] = contact
        self._data.speaking[contact.id] = Speaking.begin(contact.pair.letters_speaking)
        self._data.listening[contact.id] = Listening.begin(contact.pair.letters_listening)


class MemoryChains:
    """See ports.letters.Chains."""

    def __init__(self, data: Data, disk: Disk) -> None:
        self._data, self._disk = data, disk

    def speaking(self, contact: ContactId) -> Speaking:
        return self._data.speaking[contact]

    def listening(self, contact: ContactId) -> Listening:
        return self._data.listening[contact]

    def tags(self, contact: ContactId) -> list[tuple[int, bytes]]:
        return sorted((number, one.tag) for number, one in self._data.entries[contact].items())

    def entry(self, contact: ContactId, number: int) -> Entry | None:
        return self._data.entries[contact].get(number)

    def put_speaking(self, contact: ContactId, speaking: Speaking) -> None:
        self._disk.write()
        before = self._data.speaking[contact]
        place = max(before.place, speaking.place, key=lambda place: place.number)
        known, jumped = max(before.known, speaking.known), max(before.jumped, speaking.jumped)
        self._data.speaking[contact] = Speaking(place=place, known=known, jumped=jumped)

    def change(self, contact: ContactId, change: Change) -> None:
        self._disk.write()
        self._data.listening[contact] = change.listening
        entries = self._data.entries[contact]
        entries.update((one.number, one) for one in change.added)
        for numbers in change.erased:
            for number in numbers:
                entries.pop(number, None)


class MemoryLetters:
    """See ports.letters: Letters, Sending and Arrivals."""

    def __init__(self, data: Data, chains: MemoryChains, disk: Disk) -> None:
        self._data, self._chains, self._disk = data, chains, disk
        self._numbers = max(data.unread, default=0)
        self._waiting = {key: None for key, row in data.letters.items() if row.state is LetterState.KEPT}
        self._highest = dict[ContactId, int]()
        self._under_way: dict[tuple[ContactId, LetterId], dict[BundleId, Own]] = defaultdict(dict)
        for (contact, _), row in data.letters.items():
            self._highest[contact] = max(self._highest.get(contact, 0), row.letter.order)
        for name, one in data.own.items():
            if not one.has_ended:
                self._under_way[one.contact, one.letter][name] = one

    def _put(self, contact: ContactId, id: LetterId, letter: Letter, state: LetterState) -> None:
        self._data.letters[contact, id] = Row(letter=letter, state=state)
        self._highest[contact] = max(self._highest.get(contact, 0), letter.order)
        if state is LetterState.KEPT:
            self._waiting[contact, id] = None

    def _end(self, name: BundleId) -> Own:
        """What is shown stays until its receipt leaves."""
        own = self._data.own[name]
        self._of(own.contact, own.letter).pop(name, None)
        own.has_ended = own.offered and own.bundle is not None
        if not own.has_ended:
            del self._data.own[name]
        return own

    # --- Letters ------------------------------------------------------------------------------------

    def write(self, contact: ContactId, id: LetterId, letter: Letter) -> None:
        encode_letter(letter)
        self._disk.write()
        self._put(contact, id, letter, LetterState.KEPT)

    def conversation(self, contact: ContactId) -> list[StoredLetter]:
        some = [(id, row) for (whose, id), row in self._data.letters.items() if whose == contact]
        some.sort(key=lambda one: sort_key(one[1].letter.order, one[0]))
        return [self._stored(contact, id, row) for id, row in some]

    def _stored(self, contact: ContactId, id: LetterId, row: Row) -> StoredLetter:
        letter = row.letter
        return StoredLetter(
            contact=contact,
            id=id,
            state=row.state,
            order=letter.order,
            text=letter.text,
            written_s=letter.written_s,
            reply_to=letter.reply_to,
            expiry_hour=letter.expiry_hour,
            attachments=tuple(
                StoredAttachment(name=one.name, size_bytes=len(one.content), is_here=True)
                for one in letter.attachments
            ),
            handed=min((one.handed for one in self._of(contact, id).values()), default=0),
        )

    def _of(self, contact: ContactId, id: LetterId) -> dict[BundleId, Own]:
        return self._under_way.get((contact, id), {})

    def letter(self, contact: ContactId, id: LetterId) -> Letter:
        row = self._data.letters.get((contact, id))
        if row is None:
            raise NothingToDo("This letter is not here (any more).", safe="Nothing was changed.")
        return row.letter

    def attachment(self, contact: ContactId, id: LetterId, number: int) -> bytes:
        return self.letter(contact, id).attachments[number].content

    def is_here(self, contact: ContactId, id: LetterId) -> bool:
        return (contact, id) in self._data.letters

    def highest_order(self, contact: ContactId) -> int:
        return self._highest.get(contact, 0)

    def kept(self) -> list[tuple[ContactId, LetterId]]:
        letters = self._data.letters
        return sorted(self._waiting, key=lambda key: (letters[key].letter.order, key[1]))

    def delete(self, contact: ContactId, id: LetterId, due: Callable[[], Reading]) -> None:
        self.letter(contact, id)
        self._disk.write()
        for name in list(self._of(contact, id)):
            self._put_due(name, due(), None)
        del self._data.letters[contact, id]
        self._waiting.pop((contact, id), None)

    # --- Sending ------------------------------------------------------------------------------------

    def seal(
        self,
        contact: ContactId,
        id: LetterId,
        speaking: Speaking,
        parts: Sequence[SealedPart],
        *,
        now_s: int,
    ) -> None:
        before = self._chains.speaking(contact)
        unused = range(before.place.number, speaking.place.number)
        if not parts or {part.number for part in parts} != set(unused):
            raise MisuseError("these numbers were used")
        if (contact, id) not in self._waiting:
            raise NothingToDo("This letter does not wait (any more).", safe="Nothing was changed.")
        self._chains.put_speaking(contact, speaking)
        for part in parts:
            name = bundle_id(part.bundle)
            self._under_way[contact, id][name] = self._data.own[name] = Own(
                contact=contact,
                letter=id,
                number=part.number,
                header=decode_bundle(part.bundle),
                preimage=part.preimage,
                sealed_s=now_s,
                bundle=part.bundle,
            )
        self._data.letters[contact, id].state = LetterState.UNDER_WAY
        del self._waiting[contact, id]

    def delivered(self, deliveries: Sequence[Delivery]) -> list[LetterId]:
        marks = {commitment(one.receipt.preimage): one for one in deliveries}
        under_way = [(name, one) for name, one in self._data.own.items() if not one.has_ended]
        found = [name for name, one in under_way if one.header.commitment in marks]
        if found:
            self._disk.write()
        ended: list[LetterId] = []
        for name in found:
            own = self._data.own[name]
            delivery = marks[own.header.commitment]
            speaking = self._data.speaking[own.contact]
            self._data.speaking[own.contact] = speaking.opened(own.number)
            self._put_due(name, delivery.due, delivery.deliverer)
            row = self._data.letters[own.contact, own.letter]
            if not self._of(own.contact, own.letter) and row.state is LetterState.UNDER_WAY:
                row.state = LetterState.DELIVERED
                ended.append(own.letter)
        return ended

    def _put_due(self, name: BundleId, due: Reading, deliverer: ContactId | None) -> None:
        own = self._end(name)
        hour = own.header.expiry_hour
        if hour:  # else no carrier has it
            self._data.due[own.header.commitment] = DueReceipt(
                receipt=Receipt(preimage=own.preimage, expiry_hour=hour),
                due=due,
                contact=own.contact,
                is_own=True,
                deliverer=deliverer,
                bundle=name,
            )

    def expire(self, now_hour: int) -> list[LetterId]:
        data = self._data
        over = [name for name, one in data.own.items() if 0 < one.header.expiry_hour < now_hour]
        late = [mark for mark, one in data.due.items() if 0 < one.receipt.expiry_hour < now_hour]
        if over or late:
            self._disk.write()
        for mark in late:
            del data.due[mark]
        ended: dict[LetterId, None] = {}
        for name in over:
            own = data.own.pop(name)
            if self._of(own.contact, own.letter).pop(name, None) is None:
                continue  # it has come, or was taken back
            row = data.letters[own.contact, own.letter]
            if row.state is LetterState.UNDER_WAY:
                row.state = LetterState.EXPIRED
                ended[own.letter] = None
        return list(ended)

    def due_receipts(self, commitments: Sequence[bytes] | None = None) -> list[DueReceipt]:
        if commitments is not None:
            return [self._data.due[one] for one in dict.fromkeys(commitments) if one in self._data.due]
        return [one for _, one in sorted(self._data.due.items(), key=lambda item: item[0])]

    def receipts_left(self, commitments: Iterable[bytes]) -> None:
        self._disk.write()
        marks = set(commitments)
        for mark in marks:
            self._data.due.pop(mark, None)
        for name, one in list(self._data.own.items()):
            if one.has_ended and one.header.commitment in marks:
                del self._data.own[name]

    def handed_over(self, ids: Iterable[BundleId]) -> set[LetterId]:
        self._disk.write()
        own = [self._data.own[id] for id in ids if id in self._data.own]
        for one in own:
            one.handed += 1
        return {one.letter for one in own if (one.contact, one.letter) in self._data.letters}

    # --- Arrivals -----------------------------------------------------------------------------------

    def open(self, openings: Sequence[Opening]) -> list[LetterId]:
        self._disk.write()
        answered: list[LetterId] = []
        for one in openings:
            self._chains_change(one)
            self._store(one.contact, one.came)
            answered += self._answered(one.contact, one.came)
            if one.due is not None:
                self._data.due[commitment(one.due.receipt.preimage)] = one.due
        return answered

    def _answered(
        self, contact: ContactId, came: WholeLetter | OnePart | Unreadable | None
    ) -> list[LetterId]:
        id = came.letter.reply_to if isinstance(came, WholeLetter) else None
        row = self._data.letters.get((contact, id)) if id is not None else None
        if id is None or row is None or row.state not in (LetterState.UNDER_WAY, LetterState.EXPIRED):
            return []
        row.state = LetterState.DELIVERED
        number = max((one.number for one in self._of(contact, id).values()), default=0)
        self._data.speaking[contact] = self._data.speaking[contact].opened(number)
        return [id]

    def _chains_change(self, opening: Opening) -> None:
        """The disk was written already."""
        MemoryChains(self._data, Disk()).change(opening.contact, opening.change)

    def _store(self, contact: ContactId, came: WholeLetter | OnePart | Unreadable | None) -> None:
        match came:
            case WholeLetter(id=id, letter=letter):
                self._let_go(contact, [id])
                self._put(contact, id, letter, LetterState.RECEIVED)
            case OnePart(part=part, expiry_hour=hour):
                before = self._data.unfinished[contact].get(part.letter_id)
                self._data.unfinished[contact][part.letter_id] = Unfinished(
                    size_bytes=part.size_bytes,
                    indices=(before.indices if before else frozenset()) | {part.index},
                    expiry_hour=max(before.expiry_hour if before else 0, hour),
                )
                self._data.pieces[contact, part.letter_id][part.index] = part.piece
            case Unreadable():
                self._numbers += 1
                self._data.unread[self._numbers] = (contact, came)
                self._let_go(contact, [came.letter_id] if came.letter_id else [])

    def held_bytes(self, contact: ContactId) -> int:
        letters = [
            len(encode_letter(row.letter))
            for (whose, _), row in self._data.letters.items()
            if whose == contact and row.state is LetterState.RECEIVED
        ]
        pieces = [
            len(piece)
            for (whose, _), some in self._data.pieces.items()
            if whose == contact
            for piece in some.values()
        ]
        unread = [len(one.content) for whose, one in self._data.unread.values() if whose == contact]
        return sum(letters + pieces + unread)

    def rehearse(self) -> None:
        self._disk.write()

    def gathering(self, contact: ContactId) -> Gathering:
        return Gathering(letters=dict(self._data.unfinished[contact]))

    def pieces(self, contact: ContactId, id: LetterId) -> dict[int, bytes]:
        return dict(self._data.pieces.get((contact, id), {}))

    def let_go(self, contact: ContactId, ids: Iterable[LetterId]) -> None:
        self._disk.write()
        self._let_go(contact, ids)

    def _let_go(self, contact: ContactId, ids: Iterable[LetterId]) -> None:
        for id in ids:
            self._data.unfinished[contact].pop(id, None)
            self._data.pieces.pop((contact, id), None)

    def unreadable(self) -> list[tuple[int, ContactId]]:
        return sorted((number, contact) for number, (contact, _) in self._data.unread.items())

    def read_unreadable(self, number: int) -> Unreadable:
        return self._data.unread[number][1]

    def read_now(self, number: int, came: WholeLetter | OnePart | None) -> list[LetterId]:
        self._disk.write()
        contact, _ = self._data.unread.pop(number)
        self._store(contact, came)
        return self._answered(contact, came)


class Profile:
    """All of it, for one person."""

    def __init__(
        self, pool: dict[BundleId, bytes], disk: Disk | None = None, data: Data | None = None
    ) -> None:
        self._pool = pool
        self.disk = disk or Disk()
        self.data = data or Data()
        self.contacts = MemoryContacts(self.data)
        self.chains = MemoryChains(self.data, self.disk)
        self.letters = MemoryLetters(self.data, self.chains, self.disk)
        self.inventories = MemoryInventories()
        self.bundles = MemoryBundles(self.data.own, self.disk, pool)

    def backup(self) -> Data:
        data = deepcopy(self.data)
        for one in data.own.values():
            one.bundle = None
        return data

    def restored(self, backup: Data) -> "Profile":
        """As who puts a backup back has it: each chain leaves out what the original may have used."""
        data = deepcopy(backup)
        data.speaking = {contact: one.restored() for contact, one in data.speaking.items()}
        return Profile(self._pool, self.disk, data)
