"""What goes wrong while an offered file is read: the end of that file, and of nothing else."""

from satchel.core.handover.messages import Failure
from satchel.errors import EnvironmentProblem, FileChanged, turning


class SourceLost(Exception):
    """The file cannot go on: it is not the one that was offered, or cannot be read any more."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class reading(turning):
    """What goes wrong in there is the file's end, not the program's."""

    __slots__ = ()

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, FileChanged):
            raise SourceLost(Failure.CHANGED) from exc
        if isinstance(exc, EnvironmentProblem):
            raise SourceLost(Failure.UNREADABLE) from exc
