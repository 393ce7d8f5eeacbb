"""Whose beacon is it? Looks it up within a budget, however many are shouted (P3).

Each new packet costs some MACs for each contact, and anybody can make new packets. So sources take turns,
each has few packets waiting, and there is a bound on all. Spec: docs/spec/discovery.md, 5.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from satchel.core.crypto.kdf import digest
from satchel.core.discovery.datagram import recognise_contact
from satchel.core.identity.clocks import Reading
from satchel.core.identity.tags import Mark, Tags

NEAR_SHARE = 0.10  # of one core
WIDE_SHARE = 0.02
BURST_S = 0.1  # no longer than this share of a tenth of a second at once: the loop has other work
PAUSE_MIN_S = 0.01
WAITING_SOURCES_MAX = 256
WAITING_PER_SOURCE_MAX = 2
SEEN_MAX = 2048  # packets that need no second look: of 1000 devices, two nonces each


class Allowance:
    """MACs that may be spent, filled up at a steady rate."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._most = self._left = max(1.0, per_s * BURST_S)
        self._since_s: float | None = None

    def left(self, now_s: float) -> int:
        passed_s = 0.0 if self._since_s is None else max(0.0, now_s - self._since_s)
        self._since_s = now_s
        self._left = min(self._most, self._left + passed_s * self._per_s)
        return int(self._left)

    def spend(self, count: int) -> None:
        self._left -= count

    def ready_at_s(self, now_s: float) -> float:
        """When half of it will be there: not worth a wake before. Never now: what is left is no whole MAC."""
        return now_s + max(PAUSE_MIN_S, (max(1.0, self._most / 2) - self._left) / self._per_s)


class Budget:
    """What recognition may take of the processor: one for a node, whatever the number of its links."""

    def __init__(self, *, macs_per_s: float) -> None:
        """`macs_per_s`: how many marks one core of this machine looks up in a second, by measure."""
        self.near = Allowance(NEAR_SHARE * macs_per_s)
        self.wide = Allowance(WIDE_SHARE * macs_per_s)


@dataclass(slots=True, kw_only=True)
class Found:
    """This packet is of a contact. It may be a replay."""

    mark: Mark
    datagram: bytes
    source: bytes


@dataclass(slots=True, kw_only=True)
class _Search:
    datagram: bytes
    source: bytes
    marks: Iterator[Mark]
    seen_as: bytes


class _Turns:
    """Searches that wait, by source: each source has its turn, however much it shouts."""

    def __init__(self) -> None:
        self._by_source: dict[bytes, deque[_Search]] = {}

    def add(self, search: _Search) -> bool:
        """False: no room. It is shouted again before long."""
        waiting = self._by_source.get(search.source)
        if waiting is None:
            if len(self._by_source) >= WAITING_SOURCES_MAX:
                return False
            waiting = self._by_source[search.source] = deque()
        if len(waiting) >= WAITING_PER_SOURCE_MAX:
            return False
        waiting.append(search)
        return True

    def __bool__(self) -> bool:
        return bool(self._by_source)

    def first(self) -> _Search:
        return next(iter(self._by_source.values()))[0]

    def drop_first(self) -> None:
        """It is done; the next source has its turn."""
        source, waiting = next(iter(self._by_source.items()))
        del self._by_source[source]
        waiting.popleft()
        if waiting:
            self._by_source[source] = waiting


class Recognition:
    """What was heard on one link. The owner calls `work` after each `hear`, and when it may go on."""

    def __init__(self, tags: Tags, budget: Budget) -> None:
        self._tags = tags
        self._budget = budget
        self.clear()

    def clear(self) -> None:
        """Nothing was heard."""
        self._near = _Turns()
        self._wide = _Turns()
        self._seen: dict[bytes, Mark | None] = {}  # the longest ago first

    def hear(self, datagram: bytes, source: bytes, reading: Reading) -> Found | None:
        """What is known of it already; else it waits to be looked up. `datagram`: of 530 bytes."""
        # Of the whole packet: else a forged one with the nonce of a contact would hide the contact's own.
        seen_as = digest(source + datagram)
        if seen_as in self._seen:
            mark = self._seen[seen_as]
            return None if mark is None else Found(mark=mark, datagram=datagram, source=source)
        marks = iter(self._tags.near(reading))
        search = _Search(datagram=datagram, source=source, marks=marks, seen_as=seen_as)
        if self._near.add(search):
            self._remember(seen_as, None)
        return None

    def work(self, reading: Reading, now_s: float) -> list[Found]:
        """Look up what the budget allows now."""
        found = self._look_up(self._near, self._budget.near, reading, now_s)
        return found + self._look_up(self._wide, self._budget.wide, reading, now_s)

    def goes_on_at_s(self, now_s: float) -> float:
        """When to work again; infinity: nothing waits."""
        near_s = self._budget.near.ready_at_s(now_s) if self._near else float("inf")
        wide_s = self._budget.wide.ready_at_s(now_s) if self._wide else float("inf")
        return min(near_s, wide_s)

    def _look_up(self, turns: _Turns, allowance: Allowance, reading: Reading, now_s: float) -> list[Found]:
        found = []
        while turns and (left := allowance.left(now_s)) > 0:
            search = turns.first()
            marks = list(islice(search.marks, left))
            allowance.spend(len(marks))
            mark = recognise_contact(search.datagram, search.source, marks)
            if mark is not None:
                self._remember(search.seen_as, mark)
                found.append(Found(mark=mark, datagram=search.datagram, source=search.source))
            elif len(marks) == left:
                continue  # there may be more of them
            elif turns is self._near:
                search.marks = self._tags.wide(reading)
                self._wide.add(search)
            turns.drop_first()
        return found

    def _remember(self, seen_as: bytes, mark: Mark | None) -> None:
        self._seen.pop(seen_as, None)
        while len(self._seen) >= SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self._seen[seen_as] = mark
