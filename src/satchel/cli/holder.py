"""Ending the process that holds a profile, in good order if it can, at once if it cannot."""

import signal
import time
from pathlib import Path

from satchel.errors import EnvironmentProblem
from satchel.node import clock
from satchel.store.profile import stop_holder

PATIENCE_S = 3.0  # between asking and insisting, and once more after it
_LOOK_S = 0.02


def end_holder(home: Path) -> bool:
    """False: nobody holds it. Raises EnvironmentProblem: it does not end."""
    if not stop_holder(home, signal.SIGTERM):
        return False
    for number in (0, signal.SIGKILL):  # 0: only look
        until_s = clock.monotonic_s() + PATIENCE_S
        while stop_holder(home, number):
            if clock.monotonic_s() > until_s:
                break
            time.sleep(_LOOK_S)
        else:
            return True
    raise EnvironmentProblem(
        "The Satchel that holds this profile could not be ended.",
        safe="Nothing was changed.",
        do="End it by hand, or switch this device off.",
    )
