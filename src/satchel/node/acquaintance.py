"""One contact, as a running node knows it: its keys of now, and the one session that stays.

Two sessions with it may open at the same time, each in a thread. What they store goes through here, one
after the other, so that none writes what the other has replaced. Spec: docs/spec/session.md, 6.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from satchel.core.opening.effects import Kept, WentBack, WeWentBack
from satchel.core.opening.messages import Hello
from satchel.core.opening.rivals import Rivals, Verdict
from satchel.core.session.contact import MeetingKeys
from satchel.core.session.handshake import Statics
from satchel.errors import EnvironmentProblem
from satchel.node.channel import Channel
from satchel.ports.contacts import Contact, Contacts


class Acquaintance:
    """Used from any thread; `turn` is held from what is decided to what is stored because of it."""

    def __init__(self, contact: Contact, contacts: Contacts, changed: Callable[[Contact], None]) -> None:
        """`changed` is called, by any thread, when something new of it was stored."""
        self.contact = contact
        self.turn = threading.RLock()
        # What sessions showed of copies, and no person has seen yet: of one that was beaten, too.
        self.unshown: list[WentBack | WeWentBack] = []
        self._contacts = contacts
        self._changed = changed
        self._rivals = Rivals()
        self._proven: dict[bytes, Channel] = {}

    def told(self, contact: Contact) -> None:
        """What the person has decided about it, as it is stored now: its name, whether it is verified."""
        with self.turn:
            pair = replace(self.contact.pair, proof=contact.pair.proof)
            self.contact = replace(
                self.contact,
                name=contact.name,
                taking=contact.taking,
                comparison=contact.comparison,
                pair=pair,
            )

    @property
    def pair(self) -> MeetingKeys:
        """What makes and recognises flights."""
        kept = self.contact.pair
        return MeetingKeys(statics=Statics(own=kept.static, theirs=kept.their_static), epochs=kept.epochs)

    def dialled(self, channel: Channel) -> bytes | None:
        """The answer to our flight was right: what to tell the other about. Raises EnvironmentProblem: the
        other session stays."""
        return self._judge(channel, self._rivals.dialled(channel.keys.session_hash))

    def was_dialled(self, channel: Channel, hello: Hello) -> bytes | None:
        """The caller's Hello has opened; as `dialled`."""
        verdict = self._rivals.was_dialled(channel.keys.session_hash, hello.beside)
        return self._judge(channel, verdict)

    def answered(self, channel: Channel, hello: Hello) -> None:
        """Who we dialled has said Hello."""
        self._rivals.answered(channel.keys.session_hash, hello.beside)

    def keep(self, channel: Channel, kept: Kept) -> None:
        """Store what this session changed, durably. Raises EnvironmentProblem: another session stays, or the
        disk; MisuseError: the contact was forgotten."""
        if self._rivals.current != channel.keys.session_hash:
            raise _beaten()
        self._contacts.keep(self.contact.id, kept)
        pair = replace(self.contact.pair, epochs=kept.epochs)
        self.contact = replace(self.contact, pair=pair, counter=kept.counter, heard=kept.heard)
        self._changed(self.contact)

    def ended(self, channel: Channel) -> None:
        """This session is over, for whatever reason."""
        with self.turn:
            self._rivals.ended(channel.keys.session_hash)
            self._proven.pop(channel.keys.session_hash, None)

    def _judge(self, channel: Channel, verdict: Verdict) -> bytes | None:
        if verdict.close == channel.keys.session_hash:
            raise _beaten()
        self._proven[channel.keys.session_hash] = channel
        if verdict.close is not None and (other := self._proven.pop(verdict.close, None)) is not None:
            other.pipe.close()
        return verdict.beside


def _beaten() -> EnvironmentProblem:
    return EnvironmentProblem("Another session with this contact stays.")
