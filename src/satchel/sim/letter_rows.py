"""What a profile in memory has of letters, as rows. See letter_profile.py."""

from collections import defaultdict
from dataclasses import dataclass, field

from satchel.core.bundles.header import BundleId
from satchel.core.identity.contacts import ContactId
from satchel.core.sealing.chain import Entry, Speaking
from satchel.core.sealing.letter import Letter, LetterId
from satchel.core.sealing.listening import Listening
from satchel.core.sealing.parts import Unfinished
from satchel.ports.contacts import Contact
from satchel.ports.letter_states import LetterState
from satchel.ports.letters import DueReceipt, Unreadable
from satchel.sim.letter_bundles import Own


@dataclass(slots=True, kw_only=True)
class Row:
    """A letter of a conversation."""

    letter: Letter
    state: LetterState


@dataclass(slots=True, kw_only=True)
class Data:
    """All that a backup has."""

    contacts: dict[ContactId, Contact] = field(default_factory=dict)
    speaking: dict[ContactId, Speaking] = field(default_factory=dict)
    listening: dict[ContactId, Listening] = field(default_factory=dict)
    entries: dict[ContactId, dict[int, Entry]] = field(default_factory=lambda: defaultdict(dict))
    letters: dict[tuple[ContactId, LetterId], Row] = field(default_factory=dict)
    own: dict[BundleId, Own] = field(default_factory=dict)
    due: dict[bytes, DueReceipt] = field(default_factory=dict)  # by commitment
    unfinished: dict[ContactId, dict[LetterId, Unfinished]] = field(default_factory=lambda: defaultdict(dict))
    pieces: dict[tuple[ContactId, LetterId], dict[int, bytes]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    unread: dict[int, tuple[ContactId, Unreadable]] = field(default_factory=dict)
