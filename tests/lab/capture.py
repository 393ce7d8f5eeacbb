"""Writes every frame of an interface to a pcap file; a process of its own.

Run as `python -m lab.capture INTERFACE FILE SNAP_BYTES`. A line on standard input makes it write out
all that came so far and answer with what it counted; at the end of the input it ends.
"""

import json
import select
import struct
import sys
import time
from typing import BinaryIO

from lab.packet_socket import frames_dropped, open_packet_socket

PCAP_NANOSECONDS = 0xA1B23C4D
LINK_ETHERNET = 1
FRAMES_PER_TURN_MAX = 1024


class Capture:
    """One interface and one file."""

    def __init__(self, interface: str, file: BinaryIO, snap_bytes: int) -> None:
        # Also what leaves by the interface: at a host's cable that is what the host gets.
        self.sock = open_packet_socket(interface, outgoing=True)
        self._file = file
        self._room = memoryview(bytearray(snap_bytes))
        self._frames = self._dropped = 0
        file.write(struct.pack("<IHHiIII", PCAP_NANOSECONDS, 2, 4, 0, 0, snap_bytes, LINK_ETHERNET))
        file.flush()

    def take_in(self) -> bool:
        """Write some waiting frames; whether there may be more."""
        for _ in range(FRAMES_PER_TURN_MAX):
            try:
                # MSG_TRUNC: answers the frame's real length, however little of it was copied
                size = self.sock.recv_into(self._room, 0, 0x20)
            except OSError:  # nothing there, or the interface is down
                return False
            kept = min(size, len(self._room))
            now_ns = time.time_ns()
            self._file.write(struct.pack("<IIII", now_ns // 10**9, now_ns % 10**9, kept, size))
            self._file.write(self._room[:kept])
            self._frames += 1
        return True

    def report(self) -> str:
        """Write out all that came, and say what was counted."""
        while self.take_in():
            pass
        self._file.flush()
        self._dropped += frames_dropped(self.sock)
        return json.dumps({"frames": self._frames, "dropped": self._dropped})


def main(interface: str, path: str, snap_bytes: int) -> None:
    """Capture until standard input ends."""
    with open(path, "wb") as file:
        capture = Capture(interface, file, snap_bytes)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([capture.sock, sys.stdin], [], [])
            if sys.stdin in ready:
                if not sys.stdin.readline():
                    return
                print(capture.report(), flush=True)
            else:
                capture.take_in()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
