"""One thing for a contact, from a look at its files to the contact's receipt. Blocking.

Files are read where they lie, at the moment when they go: what changed until then goes as it is now. From the
contact's word on they are those that were offered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from satchel.core.handover.sending import Sender
from satchel.node import events
from satchel.node.carousel import Carousel
from satchel.node.channel import Channel
from satchel.node.delivery.pipes import OnePipe, Opened
from satchel.node.entries import as_sources, contents_of, sender_record
from satchel.node.greeting import STEP_S
from satchel.node.outcome import Outcome
from satchel.node.seat import Pace
from satchel.node.sending import SendingConversation
from satchel.ports import FileState, RecordHead, Records, Role, Source, SourceEntry
from satchel.ports.queue import Queued

LookAt = Callable[[Sequence[bytes]], Sequence[SourceEntry]]


@dataclass(frozen=True, slots=True)
class Gift:
    """What is queued, as it is now."""

    queued: Queued
    entries: Sequence[SourceEntry]
    wanted: frozenset[int] | None  # what the contact has accepted of it; None: nothing was asked yet


def look(queued: Queued, *, records: Records, source: Source, look_at: LookAt) -> Gift:
    """`look_at(paths)`: what is there now, of what the person named. Raises what it raises."""
    if not queued.accepted:
        return Gift(queued, look_at(queued.paths) if queued.paths else (), None)
    kept = records.entries(queued.id)
    wanted = frozenset(entry.number for entry in kept if entry.state is not FileState.REFUSED)
    return Gift(queued, source.recognise(as_sources(kept)), wanted)


def contents_of_gift(gift: Gift) -> events.Contents:
    """As far as it is known what the contact wanted of it."""
    wanted = range(len(gift.entries)) if gift.wanted is None else gift.wanted
    has_text = gift.queued.note is not None
    return contents_of((gift.entries[number] for number in sorted(wanted)), has_text=has_text)


class Giving:
    """A hand-over of one gift over one pipe. `run` once; `stop` from any thread."""

    def __init__(
        self, gift: Gift, opened: Opened, way: OnePipe, *, we_dialled: bool, node: "GivingNode"
    ) -> None:
        (pipe, keys), queued = opened, gift.queued
        pipe.set_deadline(STEP_S)  # for the Hello
        if gift.wanted is None:
            sender = Sender(gift.entries, aes=node.aes, note=queued.note)
        else:
            sender = Sender.resumed(gift.entries, wanted=gift.wanted, aes=node.aes)
        self._gift = gift
        self._node = node
        self.conversation = SendingConversation(
            channel=Channel(pipe, keys),
            sender=sender,
            entries=gift.entries,
            source=node.source,
            carousel=Carousel(gift.entries, node.source),
            pace=Pace(),
            keys_confirmed=lambda: None,
            remember=self._remember,
            report=node.report,
            open_pipes=way.open_more if we_dialled else None,
        )
        if not we_dialled:  # they come when it has asked for them
            way.open_more(1, self.conversation)

    def run(self) -> Outcome:
        """Raises PeerError, EnvironmentProblem: the files, or our own disk."""
        return self.conversation.run(accepted=self._gift.wanted)

    def _remember(self, numbers: frozenset[int]) -> None:
        if not numbers:
            return  # of a text alone nothing is left to go on with
        queued = self._gift.queued
        head = RecordHead(
            id=queued.id,
            role=Role.SENDER,
            secret=b"",
            older_secret=None,
            into=b"",
            finished=False,
            contact=queued.contact,
        )
        entries = self._gift.entries
        self._node.records.create(
            head, (sender_record(n, entry, accepted=n in numbers) for n, entry in enumerate(entries))
        )


@dataclass(frozen=True, slots=True)
class GivingNode:
    """What of a node a hand-over needs."""

    records: Records
    source: Source
    aes: bool
    report: events.Report
