"""A flood of forged beacons and first flights on an island: `attacker.py` on a host of its own."""

import sys

from lab import attacker
from lab.host import Host
from lab.namespace import LabError

SOURCES = 16
END_S = 30.0


class Flood:
    """10,000 beacons and 1,000 flights a second, as long as it lasts."""

    def __init__(self, host: Host, target: str, seconds: float) -> None:
        """Begin. `target`: where the flights go, like 10.0.0.1:5000."""
        prefix = host.ip.rpartition(".")[0]
        forged = [f"{prefix}.{200 + number}" for number in range(SOURCES)]
        for address in forged:
            host.run(["ip", "addr", "add", f"{address}/16", "dev", "wlan0"])
        self._talk = host.talk([sys.executable, attacker.__file__, "flood", target, str(seconds), *forged])
        self._talk.expect("^ready\n")

    @property
    def goes_on(self) -> bool:
        return self._talk.process.poll() is None

    def end(self) -> tuple[float, float]:
        """How many beacons and flights a second it was; raises LabError where it failed."""
        self._talk.hang_up()
        if self._talk.wait(END_S):
            raise LabError(f"the flood: {self._talk.complaints}")
        shouted, dialled, seconds = map(float, self._talk.text.split()[-3:])
        return shouted / seconds, dialled / seconds
