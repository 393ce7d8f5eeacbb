"""What must not stop half way, or not without the person being told on which side it stopped."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that is closed stop nothing in this block. In a thread of a node they do
    not anyway: its profile is closed when the block is over.

    Else "Stopped, nothing was changed" would be said of a key that is destroyed or replaced already (T1, T3).
    Ctrl-\\ and SIGKILL still do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
