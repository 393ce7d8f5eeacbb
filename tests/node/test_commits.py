"""Durability in groups: the order of steps, and what a power cut at any of them may leave behind.

The disk below keeps what was written in two states, as a real one does: there, and durable. A cut keeps
everything durable and, of the rest, whatever is worst: names without their data, data without names.
"""

import contextlib
import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from satchel.core.handover.messages import Entry, EntryKind
from satchel.errors import EnvironmentProblem, NameRefused
from satchel.node import commits as module
from satchel.node import events
from satchel.node.commits import Commits, Ledger
from satchel.ports import FileState, HandoverId, Placed

ID = HandoverId(bytes(16))


class PowerCut(BaseException):
    """Not an Exception: nothing of the program runs after it."""


@dataclass
class World:
    """A disk and a record on it, with a cut after so many steps."""

    steps_left: int = 1 << 30
    durable_data: set[int] = field(default_factory=set)
    names: dict[int, bool] = field(default_factory=dict)  # number -> the name is durable
    refused: frozenset[int] = frozenset()
    placing: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    receipts: list[int] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def step(self, what: str) -> None:
        if self.steps_left == 0:
            raise PowerCut
        self.steps_left -= 1
        self.log.append(what)

    # What Landing does

    def sync(self, numbers: Sequence[int]) -> None:
        self.step(f"sync {sorted(numbers)}")
        self.durable_data.update(numbers)
        self.names = dict.fromkeys(self.names, True)

    def place(self, number: int, path: tuple[bytes, ...]) -> Placed:
        self.step(f"place {number}")
        if number in self.refused:
            raise NameRefused("no", safe="", do="")
        self.names[number] = False
        return Placed(path=path, already_there=False)

    def discard(self, number: int) -> None:
        self.step(f"discard {number}")

    def make_folder(self, path: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return path

    def set_folder_times(self, folders: Iterable[tuple[tuple[bytes, ...], int]]) -> None:
        self.step(f"times {len(list(folders))}")

    # What Records does

    def mark(self, _id: HandoverId, numbers: Sequence[int], state: FileState) -> None:
        self.step(f"{state.name} {sorted(numbers)}")
        if state is FileState.DONE:
            self.done.update(numbers)

    def mark_placing(self, _id: HandoverId, inodes: Sequence[tuple[int, int]]) -> None:
        self.step(f"PLACING {[number for number, _ in inodes]}")
        self.placing.update(number for number, _ in inodes)

    def mark_finished(self, _id: HandoverId) -> None:
        self.step("finished")


def commits_in(world: World, refused: list[int] | None = None) -> Commits:
    return Commits(
        ledger=Ledger(world, ID),  # type: ignore[arg-type]
        report=lambda event: None,
        placed=world.receipts.extend,
        refused=lambda number, why: (refused if refused is not None else []).append(number),
        broken=lambda problem: None,
    )


def entries(count: int) -> dict[int, Entry]:
    return {
        number: Entry(path=(b"%d" % number,), kind=EntryKind.FILE, size=1, mtime_ns=0, executable=False)
        for number in range(count)
    }


def run(world: World, count: int, seed: int) -> None:
    """Finish all files, in groups as they come, until the end or the cut."""
    chance = random.Random(seed)
    commits = commits_in(world)
    commits.begin(entries(count), world)  # type: ignore[arg-type]
    try:
        for number in range(count):
            commits.wrote(number, chance.choice([1, 1, 40 << 20]))
            commits.finished(number, 1000 + number)
        commits.files_over()
    finally:
        with contextlib.suppress(PowerCut):
            commits.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_at_any_step_leaves_nothing_wrong_under_a_name_and_keeps_what_was_acknowledged(
    seed: int,
) -> None:
    whole = World()
    run(whole, 6, seed)
    assert whole.done == set(range(6)) == set(whole.receipts)
    for cut in range(len(whole.log)):
        world = World(steps_left=cut)
        run(world, 6, seed)
        # A journal may keep a name that was never synced: its data has to be durable all the same.
        assert set(world.names) <= world.durable_data
        # Whoever finds a name after the cut finds that it is ours in the record.
        assert set(world.names) <= world.placing
        kept = {number for number, durable in world.names.items() if durable}
        assert world.done <= kept, "done, and the name may be gone"
        assert set(world.receipts) <= kept, "acknowledged, and the name may be gone"


def test_the_order_of_steps_for_one_group() -> None:
    world = World()
    run(world, 1, 0)
    assert world.log == ["sync [0]", "PLACING [0]", "place 0", "sync []", "DONE [0]", "times 0", "finished"]


def test_many_small_files_are_a_group_before_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of a file that waits for its name costs memory."""
    monkeypatch.setattr(module, "GROUP_S", 3600.0)
    monkeypatch.setattr(module, "GROUP_FILES", 4)
    world, placed = World(), threading.Event()
    commits = commits_in(world)
    commits.begin(entries(6), world)  # type: ignore[arg-type]
    monkeypatch.setattr(commits, "_report", lambda event: placed.set())
    commits.put([(0, 1000), (1, 1001), (2, 1002)], 3)
    assert not placed.wait(0.1)
    commits.put([(3, 1003)], 1)
    assert placed.wait(10)
    commits.close()
    assert world.log[:2] == ["sync [0, 1, 2, 3]", "PLACING [0, 1, 2, 3]"]


def test_a_name_that_the_disk_refuses_leaves_the_others() -> None:
    world = World(refused=frozenset({1}))
    refused: list[int] = []
    commits = commits_in(world, refused)
    commits.begin(entries(3), world)  # type: ignore[arg-type]
    for number in range(3):
        commits.finished(number, number)
    commits.close()
    assert refused == [1]
    assert sorted(world.receipts) == [0, 2]


def test_a_disk_that_fails_is_told_and_stops_the_reading_thread() -> None:
    told: list[EnvironmentProblem] = []

    class Full(World):
        def sync(self, numbers: Sequence[int]) -> None:
            raise EnvironmentProblem("full", safe="", do="")

    world = Full()
    commits = Commits(
        ledger=Ledger(world, ID),  # type: ignore[arg-type]
        report=lambda event: None,
        placed=world.receipts.extend,
        refused=lambda number, why: None,
        broken=told.append,
    )
    commits.begin(entries(2), world)  # type: ignore[arg-type]
    commits.finished(0, 0)
    commits.wrote(1, 200 << 20)  # returns although nothing makes room
    assert commits.close() is commits.failed is not None
    assert told == [commits.failed]
    assert world.receipts == []


def test_a_mistake_of_ours_is_told_in_three_sentences_and_raised() -> None:
    told: list[EnvironmentProblem] = []

    class Wrong(World):
        def sync(self, numbers: Sequence[int]) -> None:
            raise KeyError("a mistake")

    commits = Commits(
        ledger=Ledger(Wrong(), ID),  # type: ignore[arg-type]
        report=lambda event: None,
        placed=lambda numbers: None,
        refused=lambda number, why: None,
        broken=told.append,
    )
    commits.begin(entries(1), Wrong())  # type: ignore[arg-type]
    commits.finished(0, 0)
    with pytest.raises(KeyError):
        commits.close()
    assert all((told[0].what, told[0].safe, told[0].do))


def test_files_already_there_are_reported_as_such() -> None:
    seen: list[events.Event] = []

    class There(World):
        def place(self, number: int, path: tuple[bytes, ...]) -> Placed:
            super().place(number, path)
            return Placed(path=path, already_there=True)

    world = There()
    commits = Commits(
        ledger=Ledger(world, ID),  # type: ignore[arg-type]
        report=seen.append,
        placed=world.receipts.extend,
        refused=lambda number, why: None,
        broken=lambda problem: None,
    )
    commits.begin(entries(1), world)  # type: ignore[arg-type]
    commits.finished(0, 0)
    commits.close()
    assert seen == [events.FilePlaced(path=(b"0",), offered=(b"0",), already_there=True)]
