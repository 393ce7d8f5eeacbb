"""What a contact offers may wait for a person's word for hours: it is looked at as things are then."""

import asyncio
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from satchel.cli.profile import LentProfile
from satchel.cli.receive_from import _Taking
from satchel.cli.show import JsonShow
from satchel.core.discovery.beacon import Mode
from satchel.core.handover.messages import Entry, EntryKind
from satchel.core.identity.settings import Accept
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.delivery.desk import Desk, Question
from satchel.node.presence import Presence
from store.contact_samples import contact

FILM = Entry(path=(b"film",), kind=EntryKind.FILE, size=3_000_000, mtime_ns=0, executable=False)


def test_room_that_was_made_since_it_was_asked_counts(tmp_path: Path) -> None:
    question = Question(
        number=1,
        contact=contact().id,
        name="amina",
        is_verified=True,
        entries=(FILM,),
        note=None,
        theirs=bytes(16),
    )
    disk = SimpleNamespace(free_bytes=lambda: 2_000_000)
    taking: Any = SimpleNamespace(chosen=disk)
    nobody: Any = None
    person = _Taking(JsonShow(), nobody, contact(), tmp_path, yes=True)
    with pytest.raises(EnvironmentProblem, match="too full"):
        person._decide(question, taking)
    disk.free_bytes = lambda: 4_000_000
    assert person._decide(question, taking) == range(1)


def test_m3_a_reader_that_stands_still_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds its job up, and not the node, which could not even see any more that it had gone."""
    stands, goes_on, told = threading.Event(), threading.Event(), []

    def hear(_show: JsonShow, event: events.Event) -> None:
        stands.set()
        goes_on.wait(10)
        told.append(event)

    monkeypatch.setattr(JsonShow, "hear", hear)
    presence = Presence(Mode.OPEN)
    node: Any = SimpleNamespace(presence=presence, taking=SimpleNamespace(desk=Desk()), accept=Accept.ASK)
    nothing: Any = None
    lent = LentProfile(nothing, nothing, b"", nothing, nothing, node)
    taking = _Taking(JsonShow(), lent, contact(), tmp_path, yes=True)
    job = threading.Thread(target=lambda: asyncio.run(taking.work()), daemon=True)
    job.start()
    while not presence._listeners:
        assert job.is_alive()
        time.sleep(0.01)
    delivered = events.ByContact(
        contact=contact().id, name="amina", giving=False, handover=bytes(16), event=events.Delivered()
    )
    presence.hear(delivered)
    assert stands.wait(10)
    presence.hear(delivered)
    assert (presence.near, told) == ([], [])
    goes_on.set()
    job.join(10)
    assert not job.is_alive()
    assert told[0] == delivered
