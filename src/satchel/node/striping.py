"""The pipes of one session on the sending side: how many there are, and how many get work.

A thread looks a few times a second at what the kernel counted, and core's StripeAdvice judges it.
"""

import threading
from collections.abc import Callable, Iterable

from satchel.core.session.stripes import PIPES_MAX, PathCounts, StripeAdvice
from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.node.outlet import Outlet
from satchel.ports import Pipe

SAMPLE_S = 0.05


class Striping:
    """`add` and `close` from any thread."""

    def __init__(self, first: Pipe, outlet: Outlet, ask: Callable[[int], None]) -> None:
        """`ask(pipes)`: the other side is to open more, until there are so many."""
        self._pipes = [first]
        self._outlet = outlet
        self._ask = ask
        self._asked = 1
        self._expected = 0  # have connected, and not shown up yet
        self._advice = StripeAdvice()
        self._tolerant = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="satchel-stripe", daemon=True).start()

    @property
    def wants_more(self) -> bool:
        """Whether a further pipe was asked for that is neither there nor expected."""
        with self._lock:
            return self._wants_more()

    def _wants_more(self) -> bool:
        return len(self._pipes) + self._expected < self._asked and not self._over.is_set()

    def expect(self) -> bool:
        """One more is to show up; False if none is wanted. Then call `add`, once."""
        with self._lock:
            if not self._wants_more():
                return False
            self._expected += 1
            return True

    def add(self, pipe: Pipe | None) -> int | None:
        """The place of the one that was expected; None if it did not show up, or all is over."""
        with self._lock:
            self._expected -= 1
            if pipe is not None and self._tolerant:
                pipe.tolerate_loss()
            if pipe is None or self._over.is_set():
                return None
            self._pipes.append(pipe)
            return len(self._pipes) - 1

    def close(self) -> None:
        """Close all pipes."""
        with self._lock:
            self._over.set()
            pipes = list(self._pipes)
        for pipe in pipes:
            pipe.close()

    def _may_tolerate(self, pipes: list[Pipe]) -> bool:
        """Once: something is lost, and the pipes can be told to bear it."""
        before, self._tolerant = self._tolerant, True
        return not before and sum(pipe.tolerate_loss() for pipe in pipes) > 0  # every one of them

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            if self._outlet.is_empty:
                continue
            with self._lock:
                pipes = list(self._pipes)
            try:
                counts = total(pipe.path() for pipe in pipes)
                wanted = self._advice.sample(counts, pipes_open=len(pipes), now_s=clock.monotonic_s())
                if wanted > self._asked and self._may_tolerate(pipes):
                    self._advice = StripeAdvice()  # first see what that alone does
                    continue
                if wanted > self._asked and len(pipes) < PIPES_MAX:
                    self._asked = wanted
                    pipes[0].keep_queue_short()
                    self._ask(wanted)
            except EnvironmentProblem:
                return  # its own thread sees that, too
            self._outlet.use_pipes(min(wanted, len(pipes)), fast=self._advice.is_fast)


def total(all_counts: Iterable[PathCounts]) -> PathCounts:
    counts = list(all_counts)
    return PathCounts(
        acked_bytes=sum(one.acked_bytes for one in counts),
        sent_segments=sum(one.sent_segments for one in counts),
        resent_segments=sum(one.resent_segments for one in counts),
    )
