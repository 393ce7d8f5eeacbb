"""Many strangers at a door, in one light process: `prober.py probe COUNT`, `prober.py record PORT`.

`probe` reads one line from standard input: HOST PORT FLIGHT, where FLIGHT is in hexadecimal what a real
receiver once said first. It knocks until its input ends, and then tells what it got. A stranger who
is turned away comes back after a pause, so that two cores are not full of strangers' work.
`record` takes one connection and prints the 256 bytes that it begins with.
"""

import errno
import os
import select
import socket
import sys
import time
from dataclasses import dataclass

FLIGHT_BYTES = 256
BACK_AFTER_S = 1.0
TICK_S = 0.1
LOITER_S = 1.0  # between two bytes of one who is slow

# TLS 1.2, one suite, no extensions [RFC 5246 7.4.1.2]; a random of zeros and no session.
HELLO_BODY = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"
HELLO = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29" + HELLO_BODY
GET = b"GET / HTTP/1.1\r\nHost: satchel\r\nUser-Agent: probe\r\n\r\n"
KINDS = ("hold", "garbage", "tls", "http", "slow", "replay")


@dataclass(slots=True)
class Stranger:
    """One of them: how it behaves, and where it is."""

    kind: str
    connection: socket.socket | None = None
    knock_at_s: float = 0.0
    said: int = 0
    next_byte_s: float = 0.0


class Crowd:
    """All strangers and what they got."""

    def __init__(self, host: str, port: int, flight: bytes, count: int) -> None:
        self.address = host, port
        self.first_words = {
            "hold": b"",
            "garbage": os.urandom(2 * FLIGHT_BYTES),
            "tls": HELLO,
            "http": GET,
            "slow": flight,
            "replay": flight,
        }
        self.strangers = [Stranger(KINDS[number % len(KINDS)]) for number in range(count)]
        self.inside: dict[int, Stranger] = {}
        self.poll = select.epoll()
        self.room = bytearray(65536)
        self.knocks = self.open_most = self.answer_bytes = 0

    def knock(self, stranger: Stranger) -> None:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        if connection.connect_ex(self.address) not in (0, errno.EINPROGRESS):
            connection.close()
            stranger.knock_at_s = time.monotonic() + BACK_AFTER_S
            return
        stranger.connection, stranger.said = connection, 0
        self.inside[connection.fileno()] = stranger
        self.poll.register(connection.fileno(), select.EPOLLIN | select.EPOLLOUT)
        self.knocks += 1
        self.open_most = max(self.open_most, len(self.inside))

    def leave(self, stranger: Stranger) -> None:
        assert stranger.connection is not None
        del self.inside[stranger.connection.fileno()]
        stranger.connection.close()
        stranger.connection = None
        stranger.knock_at_s = time.monotonic() + BACK_AFTER_S

    def hear(self, number: int, what: int) -> None:
        """Connected, answered or turned away."""
        stranger = self.inside.get(number)
        if stranger is None or stranger.connection is None:
            return None
        try:
            if what & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                got = stranger.connection.recv_into(self.room)
                self.answer_bytes += got
                if not got:
                    return self.leave(stranger)
            if what & select.EPOLLOUT:
                self.poll.modify(number, select.EPOLLIN)
                words = self.first_words[stranger.kind]
                stranger.said = stranger.connection.send(words[:1] if stranger.kind == "slow" else words)
                stranger.next_byte_s = time.monotonic() + LOITER_S
        except BlockingIOError:
            pass
        except OSError:
            self.leave(stranger)

    def go_on(self, now_s: float) -> None:
        """Who was away knocks again, and who is slow says one byte more."""
        for stranger in self.strangers:
            if stranger.connection is None:
                if now_s >= stranger.knock_at_s:
                    self.knock(stranger)
            elif stranger.kind == "slow" and stranger.said and now_s >= stranger.next_byte_s:
                stranger.next_byte_s = now_s + LOITER_S
                word = self.first_words["slow"][stranger.said : stranger.said + 1]
                try:
                    stranger.said += stranger.connection.send(word) if word else 0
                except OSError:
                    self.leave(stranger)

    def run(self, until: int) -> None:
        """Until there is something to read at `until`, or its other end is closed."""
        self.poll.register(until, select.EPOLLIN)
        tick_s = 0.0
        while True:
            now_s = time.monotonic()
            if now_s >= tick_s:
                self.go_on(now_s)
                tick_s = now_s + TICK_S
            for number, what in self.poll.poll(TICK_S):
                if number == until:
                    return
                self.hear(number, what)


def probe(count: int) -> None:
    print('{"event": "ready"}', flush=True)
    host, port, flight = sys.stdin.readline().split()
    crowd = Crowd(host, int(port), bytes.fromhex(flight), count)
    crowd.run(sys.stdin.fileno())
    print(
        f'{{"event": "result", "knocks": {crowd.knocks}, "open_most": {crowd.open_most}, '
        f'"answer_bytes": {crowd.answer_bytes}}}',
        flush=True,
    )


def record(port: int) -> None:
    with socket.create_server(("", port)) as server:
        print('{"event": "ready"}', flush=True)
        connection, _ = server.accept()
    with connection:
        flight = connection.recv(FLIGHT_BYTES, socket.MSG_WAITALL)
    print(f'{{"event": "flight", "hex": "{flight.hex()}"}}', flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "probe":
        probe(int(sys.argv[2]))
    else:
        record(int(sys.argv[2]))
