"""How much is done: the first bytes at once, then five times a second."""

from satchel.node import events
from satchel.node.progress import PERIOD_S, Meter


class Told:
    """A meter with a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.moved: list[int] = []
        self.meter = Meter(self.hear, lambda: self.now_s)

    def hear(self, event: events.Event) -> None:
        assert isinstance(event, events.Progress)
        self.moved.append(event.bytes_moved)


def test_the_first_bytes_are_told_at_once_and_the_next_ones_after_a_while() -> None:
    told = Told()
    told.meter.begin(1000, 1)
    told.meter.move(10)
    told.meter.move(20)
    assert told.moved == [0, 10]
    told.now_s += PERIOD_S
    told.meter.move(30)
    assert told.moved == [0, 10, 60]


def test_the_last_state_is_told() -> None:
    told = Told()
    told.meter.begin(1000, 1)
    told.meter.move(10)
    told.meter.move(990)
    told.meter.close()
    assert told.moved == [0, 10, 1000]
