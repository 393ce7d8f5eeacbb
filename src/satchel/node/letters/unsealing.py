"""Bundles that are for this person: recognised by their tags, opened, stored (C1, C2, T2).

Whoever carries them knows nothing of it: that one has opened shows nowhere but in its receipt, later.
"""

from collections.abc import Sequence
from contextlib import suppress
from enum import Enum

from satchel.core.bundles.failures import Failures
from satchel.core.bundles.header import BundleId, bundle_id, decode_header
from satchel.core.bundles.lifetime import CHANCE_BYTES, hour_of
from satchel.core.bundles.receipt import Receipt
from satchel.core.bundles.release import receipt_delay_s
from satchel.core.custody.kept import Ingress, Source
from satchel.core.identity.clocks import Reading
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry
from satchel.core.sealing.letter import LetterId, UnreadableError, decode_letter
from satchel.core.sealing.listening import WINDOW, Change, Listening
from satchel.core.sealing.parts import Taken, decode_part, join, part_count
from satchel.core.sealing.seal import SpoiltError, unseal
from satchel.core.sealing.table import Found, TagTable
from satchel.errors import MisuseError, NothingToDo
from satchel.node import events
from satchel.node.letters.stores import World
from satchel.node.letters.times import later
from satchel.ports.contacts import Contact
from satchel.ports.letters import DueReceipt, OnePart, Opening, Unreadable, WholeLetter


class Tried(Enum):
    """What came of one bundle."""

    NOT_OURS = "its tag is not awaited"
    OPENED = "what was in it is stored, or was here before"
    FAILED = "it was forged, or is damaged"
    LATER = "there is no room for it, or who brought it has brought too much that did not open"


class Unsealing:
    """Of all contacts. Not to be used by two threads at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stores = world.stores
        self._table = TagTable()
        self._failures = Failures()
        self._contacts: dict[ContactId, Contact] = {}
        self._awaited: set[ContactId] = set()  # whose tags are in the table
        self._held_bytes: dict[ContactId, int] = {}  # of their letters, as far as they were counted
        self._unread: list[tuple[int, ContactId]] | None = None  # what an older version could not read

    def put(self, contact: Contact) -> None:
        """A contact, at the start, or when it is new or has changed. Its tags come with `await_tags`."""
        self._contacts[contact.id] = contact

    def forget(self, contact: ContactId) -> None:
        self._contacts.pop(contact, None)
        if contact in self._awaited:
            self._awaited.remove(contact)
            self._table.forget(contact)

    def await_tags(self, contact: ContactId) -> bool:
        """From now on its bundles are recognised. Takes some 15 ms. False: they were before. Raises
        MisuseError: it was forgotten."""
        if contact in self._awaited:
            return False
        chains = self._stores.chains
        self._table.put(contact, chains.listening(contact), chains.tags(contact))
        self._awaited.add(contact)
        return True

    def next_unawaited(self) -> ContactId | None:
        return next((contact for contact in self._contacts if contact not in self._awaited), None)

    @property
    def contacts(self) -> dict[ContactId, Contact]:
        return self._contacts

    def is_awaited(self, tag: bytes) -> bool:
        return self._table.find(tag) is not None

    def may_try(self, ingress: Ingress) -> bool:
        """Whether what this one has brought is tried now: see Failures."""
        return self._failures.may_try(_payer(ingress), self._world.now_s())

    def open(
        self, bundle: bytes, *, ingress: Ingress, writer: ContactId | None = None, is_last_try: bool = False
    ) -> Tried:
        """A whole bundle is here. What opens is stored when this returns. Raises EnvironmentProblem.

        Args:
            ingress: who brought it, and pays if it does not open.
            writer: who says to have written it: what others wrote stays closed. None: it was carried.
            is_last_try: it does not come again, and is tried whatever its ingress has brought before.
        """
        header = decode_header(bundle)
        found = self._table.find(header.tag)
        if found is None or writer not in (None, found.contact):
            return Tried.NOT_OURS
        if not (is_last_try or self.may_try(ingress)) or not self._has_room(found.contact):
            return Tried.LATER
        listening = self._stores.chains.listening(found.contact)
        entry = self._entry(listening, found)
        if entry is None or entry.tag != header.tag:  # the table knows the first bytes of it
            return Tried.NOT_OURS
        now = self._world.clock.read()
        try:
            opened = unseal(entry, bundle)
        except SpoiltError as problem:
            change = listening.opened(found.number, now)
            self._store(header.tag, Opening(contact=found.contact, change=change))
            self._world.report(events.LetterSpoilt(contact=found.contact, problem=problem))
            return Tried.OPENED
        if opened is None:
            self._failures.failed(_payer(ingress), self._world.now_s())
            return Tried.FAILED
        change = listening.opened(found.number, now)  # takes longer than all before
        came = self._came(found.contact, opened.content, header.expiry_hour)
        if came is Taken.NO_ROOM:
            return Tried.LATER
        stored = None if isinstance(came, Taken) else came
        due = self._due(found.contact, bundle_id(bundle), opened.receipt, _payer(ingress), now)
        answered = self._store(
            header.tag, Opening(contact=found.contact, change=change, came=stored, due=due)
        )
        self._held_bytes[found.contact] += len(opened.content)
        self._tell(found.contact, stored)
        self._tell_answered(answered)
        return Tried.OPENED

    def reached(self, contact: ContactId, before: Listening, change: Change) -> None:
        """The contact's next number was far ahead (chain 4.6). What was left behind for good is not awaited
        any more: who tells such numbers again and again would fill the table (M3). Raises
        EnvironmentProblem."""
        chains, at = self._stores.chains, before.place.number
        window, _ = before.place.tags(at + WINDOW)
        every = [*chains.tags(contact), *enumerate(window, at)]
        chains.change(contact, change)
        for number, tag in every:
            if not change.listening.awaits(number):
                self._table.drop(tag)
        self._table.move(contact, change)

    def letter_deleted(self, contact: ContactId) -> None:
        """There is more room for others of it."""
        self._held_bytes.pop(contact, None)

    def _has_room(self, contact: ContactId) -> bool:
        """Else its letters wait, sealed, and leave room for those of others (M3; letter 2.8)."""
        if contact not in self._held_bytes:
            self._held_bytes[contact] = self._stores.arrivals.held_bytes(contact)
        return self._world.has_room(self._held_bytes[contact])

    def rehearse(self) -> None:
        """Nothing opened, and it takes as long as if something had."""
        self._stores.arrivals.rehearse()

    def settle(self) -> None:
        """What was passed over long ago is erased, and what can never become whole (chain 4.5, letter 2)."""
        now, best_s = self._world.clock.read(), self._world.clock.best_s()
        for contact in list(self._awaited):
            chains = self._stores.chains
            change = chains.listening(contact).settle(now)
            if change is not None:
                tags = self._erased_tags(contact, change)
                chains.change(contact, change)
                for tag in tags:
                    self._table.drop(tag)
            if best_s is not None:
                over, _ = self._stores.arrivals.gathering(contact).settle(hour_of(best_s))
                if over:
                    self._stores.arrivals.let_go(contact, over)
                    self._held_bytes.pop(contact, None)

    def read_next_anew(self) -> bool:
        """One thing that an older version could not read, and kept as it came (letter 5.1). False: there was
        none left."""
        arrivals = self._stores.arrivals
        if self._unread is None:
            self._unread = arrivals.unreadable()[::-1]
        if not self._unread:
            return False
        with suppress(NothingToDo, MisuseError):  # the contact was forgotten meanwhile
            self._read_anew(*self._unread.pop())
        return True

    def _read_anew(self, number: int, contact: ContactId) -> None:
        arrivals = self._stores.arrivals
        unread = arrivals.read_unreadable(number)
        came: WholeLetter | OnePart | Unreadable | Taken
        if unread.letter_id is None:
            came = self._came(contact, unread.content, 0)
        else:
            came = self._whole(unread.letter_id, unread.content)
            if self._stores.letters.is_here(contact, unread.letter_id):
                came = Taken.AGAIN  # its writer has used the id twice (M3)
        if not isinstance(came, Unreadable) and came is not Taken.NO_ROOM:
            readable = came if isinstance(came, WholeLetter | OnePart) else None
            answered = arrivals.read_now(number, readable)
            self._tell(contact, readable)
            self._tell_answered(answered)

    def _entry(self, listening: Listening, found: Found) -> Entry | None:
        if not listening.awaits(found.number):
            return None
        if found.number >= listening.place.number:
            return listening.entry(found.number)
        return self._stores.chains.entry(found.contact, found.number)

    def _came(
        self, contact: ContactId, content: bytes, expiry_hour: int
    ) -> WholeLetter | OnePart | Unreadable | Taken:
        arrivals = self._stores.arrivals
        try:
            part = decode_part(content)
            is_here = self._stores.letters.is_here(contact, part.letter_id)
            taken, _ = arrivals.gathering(contact).take(part, expiry_hour=expiry_hour, is_here=is_here)
        except UnreadableError:
            return Unreadable(content=content)
        match taken:
            case Taken.ONE_MORE:
                return OnePart(part=part, expiry_hour=expiry_hour)
            case Taken.WHOLE:
                count = part_count(part.size_bytes)
                pieces = {part.index: part.piece}
                if count > 1:
                    pieces = arrivals.pieces(contact, part.letter_id) | pieces
                letter = join([pieces[index] for index in range(count)], part.size_bytes)
                return self._whole(part.letter_id, letter)
            case _:
                return taken

    def _whole(self, id: LetterId, letter: bytes) -> WholeLetter | Unreadable:
        try:
            return WholeLetter(id=id, letter=decode_letter(letter))
        except UnreadableError:
            return Unreadable(content=letter, letter_id=id)

    def _due(
        self, contact: ContactId, id: BundleId, receipt: Receipt, deliverer: ContactId | None, now: Reading
    ) -> DueReceipt | None:
        """Of who is unverified nobody is told that anything came (receipt 3.4)."""
        if not self._contacts[contact].pair.proof.is_verified:
            return None
        due = later(now, receipt_delay_s(self._world.entropy.draw(CHANCE_BYTES)))
        return DueReceipt(receipt=receipt, due=due, contact=contact, deliverer=deliverer, bundle=id)

    def _store(self, tag: bytes, opening: Opening) -> list[LetterId]:
        """Where numbers were passed over the lowest may be too many (chain 4.4)."""
        contact, change = opening.contact, opening.change
        surplus = self._erased_tags(contact, change) if change.added else []
        answered = self._stores.arrivals.open([opening])
        for over in (tag, *surplus):
            self._table.drop(over)
        self._table.move(contact, change)
        return answered

    def _erased_tags(self, contact: ContactId, change: Change) -> list[bytes]:
        """Before it is carried out."""
        numbers = {number for erased in change.erased for number in erased}
        stored = self._stores.chains.tags(contact) if numbers else []
        return [tag for number, tag in stored if number in numbers]

    def _tell(self, contact: ContactId, came: WholeLetter | OnePart | Unreadable | None) -> None:
        if isinstance(came, OnePart) or came is None:
            return
        known = self._contacts[contact]
        self._world.report(
            events.LetterCame(
                contact=contact,
                name=known.name,
                is_verified=known.pair.proof.is_verified,
                id=came.id if isinstance(came, WholeLetter) else None,
                text=came.letter.text if isinstance(came, WholeLetter) else "",
                attachments=len(came.letter.attachments) if isinstance(came, WholeLetter) else 0,
            )
        )

    def _tell_answered(self, ids: Sequence[LetterId]) -> None:
        """Nobody else sees anything of it: their bundles stay as they were (receipt 3.5)."""
        for id in ids:
            self._world.report(events.LetterEnded(id=id, delivered=True))


def _payer(ingress: Ingress) -> ContactId | None:
    """All sticks together are nobody."""
    return None if isinstance(ingress, Source) else ingress
