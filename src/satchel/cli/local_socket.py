"""The local socket of a running node, in the folder of its profile. Spec: docs/spec/api.md, 1."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from satchel.cli.home import SOCKET
from satchel.problems import disk_problems

BACKLOG = 16
_OTHERS = 0o177  # what is taken away: all but reading and writing by the owner


@contextmanager
def _reachable(home: Path) -> Iterator[str]:
    """A name of any folder that is short enough for a socket: 107 bytes are few (unix(7)). Raises OSError."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


def listen(home: Path) -> socket.socket:
    """For who holds the profile: what a killed node left there is nobody's. Before the first thread.

    Raises EnvironmentProblem.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with disk_problems(f"make the socket of the profile {str(home)!r}"), _reachable(home) as name:
            remove(home)
            before = os.umask(_OTHERS)
            try:
                listening.bind(name)
            finally:
                os.umask(before)
            listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def remove(home: Path) -> None:
    """Raises OSError."""
    (home / SOCKET).unlink(missing_ok=True)


def connect(home: Path) -> socket.socket | None:
    """A connection to the node of this profile; None: there is none, or it is another person's."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with suppress(OSError), _reachable(home) as name:
        if os.stat(home / SOCKET).st_uid == os.geteuid():
            connection.connect(name)
            return connection
    connection.close()
    return None
