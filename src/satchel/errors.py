"""What can go wrong, by who is at fault, since that decides what to do.

Raised anywhere, caught at the edge (cli, web) and by whoever can really do something about it.
Each error carries the three sentences a person needs: what happened, what is safe, what to do.
"""

from types import TracebackType


class SatchelError(Exception):
    """Root of all errors of this program. `exit_code` is stable and documented in docs/spec/cli.md."""

    exit_code = 1
    reason: str | None = None  # a word for programs, where one acts differently: of the event `error` (cli 4)

    def __init__(self, what: str, *, safe: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe
        self.do = do


class MisuseError(SatchelError):
    """The caller asked for what cannot be: a wrong command line, or a mistake of ours."""

    exit_code = 2


class NoSuchLetter(MisuseError):
    """The letter that was named is not here, or not any more."""

    reason = "no_letter"


class PeerError(SatchelError):
    """The other side's bytes broke the spec: drop that session.

    `what` begins with the name of the spec page and the clause, "transport 3.2: ...". It is for the
    person on this side and is never sent back.
    """

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        safe: str = "Nothing wrong stands under a final name, and nothing of yours was changed.",
        do: str = "Ask which program and version the other side uses, and try again with a new code.",
    ) -> None:
        super().__init__(what, safe=safe, do=do)


class EnvironmentProblem(SatchelError):
    """Disk full, network gone, folder read-only: tell the person, try again when the world changes."""

    exit_code = 1
    disk_full = False  # set by store/ for ENOSPC and EDQUOT: the peer is told that, too


class NameRefused(EnvironmentProblem):
    """The disk takes other files, but not this one here: leave it out and go on with the rest."""


class NotTheFolder(EnvironmentProblem):
    """The chosen folder has nothing of this unfinished hand-over in it: another disk is there, or none."""


class FileChanged(EnvironmentProblem):
    """The file is not the one that was offered any more: what came of it is to be thrown away."""


class UnfitBook(EnvironmentProblem):
    """A file that cannot be a book of its kind: damaged, too much, or not what it says. `what` says which."""


class AccessDenied(SatchelError):
    """Wrong code, declined, unknown person: one class, so that callers learn nothing more."""

    exit_code = 4


class NothingToDo(SatchelError):
    """There was nothing to do, or nobody came in time."""

    exit_code = 5


class turning:
    """Around a block: what is raised in there becomes another error, by `turn`, or goes on as it is.

    A class in a function's clothes, as in contextlib: a generator takes a microsecond more, and these stand
    around each frame and each call for each file.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is not None:
            self.turn(exc)

    def turn(self, exc: BaseException) -> None:
        """Raise another error, or return."""
        raise NotImplementedError
