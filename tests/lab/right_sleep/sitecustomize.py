"""For a Python whose wall clock is libfaketime's: sleep as long as was asked for.

Since 3.11 time.sleep waits until a moment of the monotonic clock, and libfaketime (0.9.10) moves that moment
as if it were one of the wall clock: it fails, or returns in decades. select waits for a time.
"""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = sleep
