"""Carries frames between two interfaces as `radio.py` decides; a process of its own.

Run as `python -m lab.relay LEFT RIGHT`. LEFT is the host's side: what comes from it goes up. Each
line on standard input is a JSON object with the radios to set ("up", "down"; none: only ask), each
is answered by the counts; at the end of the input the relay ends. In user space since many kernels
come without netem; good for about 100 Mbit/s.
"""

import dataclasses
import heapq
import json
import os
import select
import socket
import sys
import time

from lab.packet_socket import open_packet_socket
from lab.radio import Radio, Way

FRAMES_PER_TURN_MAX = 64  # so that neither direction, nor what is due, starves
FRAME_BYTES_MAX = 65_550


class Relay:
    """Both directions of one host's cable."""

    def __init__(self, left: str, right: str) -> None:
        self._sockets = {"up": open_packet_socket(left), "down": open_packet_socket(right)}
        self._ways = {name: Way(name) for name in self._sockets}
        self._due: list[tuple[float, int, str, bytes]] = []
        self._serial = 0

    def obey(self, line: bytes) -> None:
        """Set what a line of the laboratory asks for, and answer with the counts."""
        for name, settings in json.loads(line).items():
            self._ways[name].configure(Radio(**settings))
        counts = {name: dataclasses.asdict(way.counts) for name, way in self._ways.items()}
        print(json.dumps(counts), flush=True)

    def take_in(self, name: str) -> None:
        """Decide on the frames that wait at one side."""
        for _ in range(FRAMES_PER_TURN_MAX):
            try:
                frame = self._sockets[name].recv(FRAME_BYTES_MAX)
            except OSError:  # nothing there, or the interface is down
                return
            for arrival_s, copy in self._ways[name].schedule(frame, time.monotonic()):
                self._serial += 1
                heapq.heappush(self._due, (arrival_s, self._serial, name, copy))

    def hand_on(self) -> None:
        """Send what is due."""
        now_s = time.monotonic()
        while self._due and self._due[0][0] <= now_s:
            _, _, name, frame = heapq.heappop(self._due)
            counts = self._ways[name].counts
            try:
                self._sockets["down" if name == "up" else "up"].send(frame)
                counts.passed += 1
            except OSError:  # the other side is down, or its queue is full
                counts.overflowed += 1

    def run(self) -> None:
        """Relay until standard input ends."""
        names: dict[socket.socket | int, str] = {sock: name for name, sock in self._sockets.items()}
        pending = b""
        while True:
            # select, as poll counts in whole milliseconds
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready, _, _ = select.select([0, *names], [], [], wait_s)
            for source in ready:
                if source != 0:
                    self.take_in(names[source])
                    continue
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self.obey(line)
            self.hand_on()


if __name__ == "__main__":
    relay = Relay(*sys.argv[1:3])
    print("ready", flush=True)
    relay.run()
