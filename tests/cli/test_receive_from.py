"""What a contact offers may wait for a person's word for hours: it is looked at as things are then."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from satchel.cli.receive_from import _Taking
from satchel.cli.show import JsonShow
from satchel.core.handover.messages import Entry, EntryKind
from satchel.errors import EnvironmentProblem
from satchel.node.delivery.desk import Question
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
