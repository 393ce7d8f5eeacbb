"""What a disk says, as the three sentences for a person: what happened, what is safe, what to do."""

import errno

from satchel.errors import EnvironmentProblem, turning

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_A_FOLDER = (
    "something else stands where the folder should be",
    "Name a folder, for example that of a stick.",
)
_SENTENCES = {
    errno.EROFS: ("it is read-only", "Look for a small switch on it, or use another one."),
    errno.EACCES: ("this is not allowed here", "Choose another folder, or change its permissions."),
    errno.EPERM: ("this is not allowed here", "Choose another folder, or change its permissions."),
    errno.ENOENT: ("it is not there", "Put the stick in, and see under which name it stands."),
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.ELOOP: _NOT_A_FOLDER,
    errno.EEXIST: _NOT_A_FOLDER,
    errno.EIO: (
        "it was pulled out, or it is broken",
        "Put it in again. If that does not help, use another one.",
    ),
    errno.ENODEV: ("it was pulled out", "Put it in again."),
    errno.ENXIO: ("it was pulled out", "Put it in again."),
}
READING = "Nothing on it was changed. What was read before that has been taken in."
WRITING = "What was whole on it before is whole now, and nothing of yours was deleted here."


class stick_problems(turning):
    """Turn errors of the operating system into ours, around a block."""

    __slots__ = ("_doing", "_safe")

    def __init__(self, doing: str, *, safe: str) -> None:
        self._doing = doing
        self._safe = safe

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, OSError):
            number = exc.errno or 0
            why, do = _SENTENCES.get(
                number, (exc.strerror or "unknown", "Look at the stick, then try again.")
            )
            raise EnvironmentProblem(f"Could not {self._doing}: {why}.", safe=self._safe, do=do) from exc


def busy() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Another Satchel is writing on this stick.",
        safe=WRITING,
        do="Wait until it is done, then start again.",
    )
