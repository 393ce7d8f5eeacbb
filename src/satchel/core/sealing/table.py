"""Whose tag a bundle bears: one look-up, whoever it is from, and however many contacts there are.

In memory only: a tag on a disk would still name a pair when its letter is gone (T2). Packed, since 300
contacts have 921,600 tags: 12 bytes each, in short lists by their first bytes. Spec: docs/spec/chain.md, 4.3.
"""

from collections.abc import Iterable
from typing import NamedTuple

from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Place
from satchel.core.sealing.listening import WINDOW, Change, Listening

_LIST_BYTES = 2  # of a tag: which list it is in
_TOLD_BYTES = 8  # of a tag: as far as it is kept
_OWNER_BYTES = 2
_NUMBER_BYTES = 4
_ITEM_BYTES = _TOLD_BYTES - _LIST_BYTES + _OWNER_BYTES + _NUMBER_BYTES
_OWNER_AT = _TOLD_BYTES - _LIST_BYTES


class Found(NamedTuple):
    """Which entry a bundle is to be tried with. A tag proves nothing: the body does."""

    contact: ContactId
    number: int


class TagTable:
    """The tags that are awaited from all contacts. Holds secrets."""

    def __init__(self) -> None:
        self._lists: dict[bytes, bytes] = {}
        self._owners: list[ContactId | None] = []
        self._places: dict[ContactId, tuple[int, Place]] = {}  # owner, and the place behind the window

    def put(self, contact: ContactId, listening: Listening, stored: Iterable[tuple[int, bytes]]) -> None:
        """A contact, at the start or when it is new: some 15 ms.

        stored: number and tag of each entry that was passed over.
        """
        self.forget(contact)
        owner = self._owners.index(None) if None in self._owners else len(self._owners)
        self._owners[owner : owner + 1] = [contact]
        for number, tag in stored:
            self._add(owner, number, tag)
        self._places[contact] = (owner, listening.place)
        self.move(contact, Change(listening=listening))

    def move(self, contact: ContactId, change: Change) -> None:
        """After each change: the window ends further on. What was in it stays until it is dropped."""
        owner, place = self._places[contact]
        listening = change.listening
        if place.number < listening.place.number:  # the new window begins behind the old one's end [4.6]
            for entry in change.added:
                if entry.number >= place.number:
                    self._add(owner, entry.number, entry.tag)
            place = listening.place
        tags, behind = place.tags(listening.place.number + WINDOW)
        for number, tag in enumerate(tags, place.number):
            self._add(owner, number, tag)
        self._places[contact] = (owner, behind)

    def drop(self, tag: bytes) -> None:
        """Its letter was opened, or its entry erased."""
        first = tag[:_LIST_BYTES]
        items = self._lists.get(first, b"")
        at = _find(items, tag)
        if at >= 0:
            self._lists[first] = items[:at] + items[at + _ITEM_BYTES :]

    def find(self, tag: bytes) -> Found | None:
        """Whose it is, by its first 8 bytes; None: nobody's that we await."""
        items = self._lists.get(tag[:_LIST_BYTES], b"")
        at = _find(items, tag)
        if at < 0:
            return None
        number_at = at + _OWNER_AT + _OWNER_BYTES
        contact = self._owners[int.from_bytes(items[at + _OWNER_AT : number_at], "big")]
        assert contact is not None
        return Found(contact, int.from_bytes(items[number_at : at + _ITEM_BYTES], "big"))

    def forget(self, contact: ContactId) -> None:
        """The contact is none any more. Looks through all lists."""
        if contact not in self._places:
            return
        owner, _ = self._places.pop(contact)
        told = owner.to_bytes(_OWNER_BYTES, "big")
        for first, items in self._lists.items():
            each = (items[at : at + _ITEM_BYTES] for at in range(0, len(items), _ITEM_BYTES))
            self._lists[first] = b"".join(
                item for item in each if item[_OWNER_AT : _OWNER_AT + _OWNER_BYTES] != told
            )
        self._owners[owner] = None

    def _add(self, owner: int, number: int, tag: bytes) -> None:
        first = tag[:_LIST_BYTES]
        item = (
            tag[_LIST_BYTES:_TOLD_BYTES]
            + owner.to_bytes(_OWNER_BYTES, "big")
            + number.to_bytes(_NUMBER_BYTES, "big")
        )
        self._lists[first] = self._lists.get(first, b"") + item


def _find(items: bytes, tag: bytes) -> int:
    """Where in the list it stands, or -1."""
    told = tag[_LIST_BYTES:_TOLD_BYTES]
    at = items.find(told)
    while at > 0 and at % _ITEM_BYTES:  # across two items: not one
        at = items.find(told, at + 1)
    return at
