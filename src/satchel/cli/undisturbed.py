"""What must not stop half way, or not without the person being told on which side it stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that is closed stop nothing in this block. Only in the main thread.

    Else "Stopped, nothing was changed" would be said of a key that is destroyed or replaced already (T1, T3).
    Ctrl-\\ and SIGKILL still do.
    """
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
