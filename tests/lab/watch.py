"""A passive watcher of a network: records every frame, and lets a test ask about them."""

import json
from collections.abc import Iterable
from pathlib import Path

from lab.namespace import LabError
from lab.process import Process
from lab.traffic import Network, Traffic, read_pcap


class Watch:
    """Made by `Lab.watch`; `path` is a pcap file."""

    def __init__(self, process: Process, path: Path, subnets: Iterable[Network]) -> None:
        self.path = path
        self.process = process
        self._subnets = tuple(subnets)
        self._watching = True
        self._problem = ""

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def traffic(self) -> Traffic:
        """All that was seen so far, also while still watching.

        Raises:
            LabError: frames were missed, so no answer could be trusted.
        """
        self._write_out()
        if self._problem:
            raise LabError(self._problem)
        return Traffic(read_pcap(self.path), self._subnets)

    def stop(self) -> None:
        """See no more. A second call does nothing."""
        self._write_out()
        self._watching = False
        self.process.end()

    def _write_out(self) -> None:
        if not self._watching:
            return
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            counted = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self._problem = f"the watcher of {self.path.stem} has died"
            return
        if counted["dropped"]:
            self._problem = f"the watcher missed {counted['dropped']} frames: keep fewer bytes of each"
