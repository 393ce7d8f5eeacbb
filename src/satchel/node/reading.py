"""What goes wrong while an offered file is read: the end of that file, and of nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from satchel.core.handover.messages import Failure
from satchel.errors import EnvironmentProblem, FileChanged


class SourceLost(Exception):
    """The file cannot go on: it is not the one that was offered, or cannot be read any more."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


@contextmanager
def reading() -> Iterator[None]:
    """What goes wrong in here is the file's end, not the program's."""
    try:
        yield
    except FileChanged as problem:
        raise SourceLost(Failure.CHANGED) from problem
    except EnvironmentProblem as problem:
        raise SourceLost(Failure.UNREADABLE) from problem
