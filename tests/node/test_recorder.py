"""What of all that is told is remembered: hand-overs that came to their end, and nothing else."""

import pytest

from satchel.core.handover.messages import Entry, EntryKind
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.entries import contents_of
from satchel.node.recorder import Recorder
from satchel.ports.history import PAST_NAMES_MAX, Past
from store.contact_samples import AMINA

CONTENTS = events.Contents(names=(b"a", b"b"), files=2, size_bytes=5, has_text=True)
OVER = events.Delivered(contents=CONTENTS)
OTHERS: list[events.Event] = [
    events.Lost(loss=events.Loss.BROKEN),
    events.Declined(),
    events.NoteReceived(text="a secret"),
    events.Trouble(problem=EnvironmentProblem("no")),
    events.Progress(bytes_done=1, bytes_of=1, files_done=1, files_of=1, bytes_moved=1),
    events.FilePlaced(path=(b"a",), offered=(b"a",), already_there=False),
    events.Given(number=1, of=2),
]


class Kept:
    """A history in memory."""

    def __init__(self, *, is_full: bool = False) -> None:
        self.pasts: list[Past] = []
        self._is_full = is_full

    def add(self, past: Past) -> None:
        if self._is_full:
            raise EnvironmentProblem("The disk is full.")
        self.pasts.append(past)

    def all(self) -> list[Past]:
        return self.pasts

    def clear(self) -> int:
        raise NotImplementedError


def of_contact(event: events.Event, *, giving: bool = True) -> events.ByContact:
    return events.ByContact(contact=AMINA, name="Amina", giving=giving, handover=bytes(16), event=event)


@pytest.mark.parametrize("giving", [True, False])
def test_what_is_over_with_a_contact_is_remembered(giving: bool) -> None:
    kept = Kept()
    recorder = Recorder(kept, now_s=lambda: 77)
    for event in (*OTHERS, OVER):
        recorder.hear(of_contact(event, giving=giving))
    recorder.hear(events.PeerGone(contact=AMINA, name="Amina", broke=True))
    [past] = kept.pasts
    assert past == Past(
        when_s=77,
        giving=giving,
        contact=AMINA,
        names=(b"a", b"b"),
        files=2,
        size_bytes=5,
        has_text=True,
    )


def test_what_is_over_by_code_is_remembered_once_for_each() -> None:
    kept, told = Kept(), list[events.Event]()
    hear = Recorder(kept, now_s=lambda: None).by_code(told.append, giving=True)
    for event in (*OTHERS, OVER):
        hear(event)
        hear(events.ByReceiver(receiver=2, event=event))
        hear(events.ByHandover(handover=3, event=event))
        hear(of_contact(event))  # that is the node's
    assert [(past.contact, past.when_s, past.names) for past in kept.pasts] == [
        (None, None, (b"a", b"b"))
    ] * 3
    others = [each for event in OTHERS for each in (event, events.ByReceiver(receiver=2, event=event))]
    assert [event for event in told if event in others] == others
    assert OVER not in told
    assert events.ByReceiver(receiver=2, event=OVER) not in told


def test_a_full_disk_harms_no_hand_over() -> None:
    recorder, told = Recorder(Kept(is_full=True), now_s=lambda: 77), list[events.Event]()
    recorder.hear(of_contact(OVER))
    recorder.by_code(told.append, giving=False)(OVER)


def test_contents_are_the_first_names_and_all_sizes() -> None:
    entries = [
        Entry(path=path, kind=kind, size=size, mtime_ns=0, executable=False)
        for path, kind, size in [
            ((b"trip",), EntryKind.FOLDER, 0),
            *(((b"trip", b"%d" % number), EntryKind.FILE, 10) for number in range(50)),
            *(((b"%d" % number,), EntryKind.FILE, 1) for number in range(40)),
        ]
    ]
    contents = contents_of(entries, has_text=True)
    assert contents.names == (b"trip", *(b"%d" % number for number in range(PAST_NAMES_MAX - 1)))
    assert (contents.files, contents.size_bytes, contents.has_text) == (90, 540, True)
    assert contents_of([]) == events.Contents()
