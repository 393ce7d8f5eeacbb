"""What goes wrong while an offered file is read: the end of that file, and of nothing else."""

from types import TracebackType

from satchel.core.handover.messages import Failure
from satchel.errors import EnvironmentProblem, FileChanged


class SourceLost(Exception):
    """The file cannot go on: it is not the one that was offered, or cannot be read any more."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class reading:
    """Around a block: what goes wrong in there is the file's end, not the program's. A class in a function's
    clothes, as in contextlib, since it stands around each read."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(exc, FileChanged):
            raise SourceLost(Failure.CHANGED) from exc
        if isinstance(exc, EnvironmentProblem):
            raise SourceLost(Failure.UNREADABLE) from exc
