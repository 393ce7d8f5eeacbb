"""What stands for contacts, letters, shelves and searches in addresses: digests under a secret of this
process.

A browser keeps addresses in its history: no name stands there, and no id, which another device has, too (T1).
Spec: docs/spec/page.md, 2.7.
"""

from collections import OrderedDict

from satchel.core.crypto.kdf import mac
from satchel.errors import NothingToDo
from satchel.web.owner.books import Asked

HANDLE_BYTES = 8
SEARCHES_MAX = 200
LETTERS_MAX = 20_000  # that were shown last; the one shown longest ago is looked for no more


class Handles:
    """Used from the node's loop."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._searches: OrderedDict[str, Asked] = OrderedDict()
        self._letters: OrderedDict[str, tuple[str, str]] = OrderedDict()  # contact and id

    def of(self, contact: str) -> str:
        """By its name here."""
        return self._digest(contact.encode("utf-8", "surrogateescape"))

    def of_shelf(self, shelf: str) -> str:
        """By its name."""
        return self._digest(b"shelf\0" + shelf.encode("utf-8", "surrogateescape"))

    def of_search(self, asked: Asked) -> str:
        """What is looked for: remembered as long as Satchel runs, in memory alone, the last ones."""
        handle = self._digest(b"search\0" + repr(asked).encode("utf-8", "backslashreplace"))
        self._searches[handle] = asked
        self._searches.move_to_end(handle)
        if len(self._searches) > SEARCHES_MAX:
            self._searches.popitem(last=False)
        return handle

    def search(self, handle: str) -> Asked:
        """Raises NothingToDo: it is remembered no more."""
        if handle not in self._searches:
            raise NothingToDo(
                "This search is over.",
                safe="Nothing was changed.",
                do="Look for it once more in the library.",
            )
        return self._searches[handle]

    def of_letter(self, contact: str, id: str) -> str:
        """id: hexadecimal digits."""
        handle = self._digest(id.encode() + b" " + contact.encode("utf-8", "surrogateescape"))
        self._letters[handle] = contact, id
        self._letters.move_to_end(handle)
        if len(self._letters) > LETTERS_MAX:
            self._letters.popitem(last=False)
        return handle

    def letter(self, contact: str, handle: str) -> str:
        """The id of one that was shown. Raises NothingToDo: there is none of this contact."""
        whose, id = self._letters.get(handle, ("", ""))
        if not id or whose != contact:
            raise not_here()
        return id

    def _digest(self, what: bytes) -> str:
        return mac(self._secret, what)[:HANDLE_BYTES].hex()


def not_here() -> NothingToDo:
    return NothingToDo(
        "This letter is not here (any more).",
        safe="Nothing was changed.",
        do="Look at the letters again.",
    )
