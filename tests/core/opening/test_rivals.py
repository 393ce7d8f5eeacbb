"""Both dialled at once: one session stays, on both sides, whichever event comes first."""

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field

import pytest

from satchel.core.opening.rivals import Rivals, Verdict

SMALL, LARGE = b"\x01" * 32, b"\x02" * 32


@dataclass
class Node:
    rivals: Rivals = field(default_factory=Rivals)
    open: set[bytes] = field(default_factory=set)  # connections that this side has not closed


@dataclass
class World:
    """Two nodes and the connections between them; each direction of each is a queue."""

    callers: dict[bytes, int]  # who has dialled it
    nodes: list[Node] = field(default_factory=lambda: [Node(), Node()])
    queues: dict[tuple[bytes, int], deque[tuple[str, bytes | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for session, caller in self.callers.items():
            for node in (0, 1):
                self.nodes[node].open.add(session)
                self.queues[session, node] = deque()  # to this node
            self.queues[session, 1 - caller].append(("flight", None))

    def ready(self) -> list[tuple[bytes, int]]:
        return [key for key, queue in self.queues.items() if queue]

    def deliver(self, key: tuple[bytes, int]) -> None:
        session, number = key
        word, beside = self.queues[key].popleft()
        node = self.nodes[number]
        if session not in node.open:
            return
        match word:
            case "flight":
                self.say(session, number, "answer", None)
            case "answer":
                self.judge(session, number, node.rivals.dialled(session), "hello")
            case "hello":
                self.judge(session, number, node.rivals.was_dialled(session, beside), "hello back")
            case "hello back":
                node.rivals.answered(session, beside)
            case "end":
                node.open.discard(session)
                node.rivals.ended(session)

    def judge(self, session: bytes, number: int, verdict: Verdict, word: str) -> None:
        if verdict.close is not None:
            self.nodes[number].open.discard(verdict.close)
            self.say(verdict.close, number, "end", None)
        if verdict.close != session:
            self.say(session, number, word, verdict.beside)

    def say(self, session: bytes, number: int, word: str, beside: bytes | None) -> None:
        self.queues[session, 1 - number].append((word, beside))

    def key(self) -> object:
        return (
            tuple((key, tuple(queue)) for key, queue in self.queues.items()),
            tuple((tuple(sorted(node.open)), repr(vars(node.rivals))) for node in self.nodes),
        )


def every_end(world: World) -> list[World]:
    """All that may come of it, by every order of events (each direction of each connection is in order)."""
    ends, seen, open_ = [], set(), [world]
    while open_:
        world = open_.pop()
        if world.key() in seen:
            continue
        seen.add(world.key())
        ready = world.ready()
        if not ready:
            ends.append(world)
        for key in ready:
            after = deepcopy(world)
            after.deliver(key)
            open_.append(after)
    return ends


@pytest.mark.parametrize("smaller", [0, 1])
def test_of_two_dialled_at_once_one_stays_in_every_order(smaller: int) -> None:
    """None lost, no deadlock. Which one it is depends on the order only where one had ended the other before
    both knew of both."""
    ends = every_end(World({SMALL: smaller, LARGE: 1 - smaller}))
    assert ends
    for end in ends:
        kept = {node.rivals.current for node in end.nodes}
        assert len(kept) == 1
        assert kept != {None}
        assert all(node.open == kept for node in end.nodes)
        assert kept == {SMALL}


def opened(caller: int, session: bytes) -> World:
    [end] = every_end(World({session: caller}))
    assert [node.rivals.current for node in end.nodes] == [session, session]
    return end


def dial_again(world: World, session: bytes, caller: int) -> None:
    for node in (0, 1):
        world.nodes[node].open.add(session)
        world.queues[session, node] = deque()
    world.queues[session, 1 - caller].append(("flight", None))


@pytest.mark.parametrize("old", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("first_caller", [0, 1])
@pytest.mark.parametrize("who", [0, 1])
def test_who_lost_the_session_and_comes_again_is_let_in(old: bytes, first_caller: int, who: int) -> None:
    """A crash, or another network: whatever the hashes say, the dead one does not stay."""
    new = LARGE if old == SMALL else SMALL
    world = opened(first_caller, old)
    world.nodes[who] = Node()  # its memory is gone
    dial_again(world, new, who)
    for end in every_end(world):
        assert [node.rivals.current for node in end.nodes] == [new, new]


def test_who_lost_it_while_both_dialled_is_let_in_after_the_next_end() -> None:
    """The race had an end; a later session is a new matter."""
    for world in every_end(World({SMALL: 0, LARGE: 1})):
        world.nodes[1] = Node()
        third = b"\x03" * 32
        dial_again(world, third, 1)
        for end in every_end(world):
            assert [node.rivals.current for node in end.nodes] == [third, third]


def test_a_session_that_ended_has_no_say() -> None:
    rivals = Rivals()
    assert rivals.dialled(SMALL) == Verdict(beside=None, close=None)
    rivals.ended(LARGE)
    assert rivals.current == SMALL
    rivals.ended(SMALL)
    assert rivals.current is None
    rivals.answered(SMALL, None)
    assert rivals.was_dialled(LARGE, None) == Verdict(beside=None, close=None)
