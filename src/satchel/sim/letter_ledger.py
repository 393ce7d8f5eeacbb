"""Who wrote what to whom, and what no run may break: each letter opens once, at its reader; what is delivered
was opened; no tag is seen on two bundles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from satchel.core.bundles.header import HEADER_BYTES, decode_header, with_copies
from satchel.core.custody.messages import Block, Message
from satchel.core.sealing.letter import LetterId


@dataclass(slots=True, kw_only=True)
class Written:
    """A letter."""

    id: LetterId
    text: str
    writer: str
    reader: str
    is_opened: bool = False
    is_delivered: bool = False


@dataclass
class Ledger:
    """Fails with an AssertionError at the event that breaks a promise."""

    letters: dict[str, Written] = field(default_factory=dict)  # by text
    forged: set[bytes] = field(default_factory=set)  # what bundles begin with that liars have made
    _by_id: dict[LetterId, Written] = field(default_factory=dict)
    _begins_with: dict[bytes, bytes] = field(default_factory=dict)  # by tag

    def wrote(self, id: LetterId, text: str, writer: str, reader: str) -> None:
        assert text not in self.letters
        self.letters[text] = self._by_id[id] = Written(id=id, text=text, writer=writer, reader=reader)

    def opened(self, text: str, writer: str, reader: str, before: list[str]) -> None:
        """before: what the reader's profile has opened."""
        written = self.letters.get(text)
        assert written is not None, "a letter that nobody wrote"
        assert (written.writer, written.reader) == (writer, reader), "a letter of somebody else"
        assert text not in before, "a letter that came twice"
        written.is_opened = True

    def delivered(self, id: LetterId) -> None:
        written = self._by_id[id]
        assert written.is_opened, "delivered, and not opened"
        written.is_delivered = True

    def on_wire(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if isinstance(message, Block) and message.place == 0:
                begins_with = beginning(message.data)
                tag = decode_header(message.data[:HEADER_BYTES]).tag
                if begins_with not in self.forged:
                    assert self._begins_with.setdefault(tag, begins_with) == begins_with, "a tag seen twice"

    def between(self, *names: str) -> Iterator[Written]:
        """Letters of which both ends are among these."""
        return (one for one in self.letters.values() if one.writer in names and one.reader in names)


def beginning(bundle: bytes) -> bytes:
    """By which a bundle is recognised, whatever its copies."""
    return with_copies(bundle, 1)[:256]
