"""How much of the processor was used: so that looking into a book ends with what was found, before its
process is ended with nothing (books 3)."""

import resource

TEXT_CPU_S = 60.0  # then what is found by its text has to be enough
EXAMINING_CPU_S = 140.0  # then all of it; the process is ended after 180


class Effort:
    """Counts from when it was made."""

    def __init__(self) -> None:
        self._began_s = _used_s()

    def is_above(self, cpu_s: float) -> bool:
        return _used_s() - self._began_s > cpu_s


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
