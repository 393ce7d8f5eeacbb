"""The two ends of a TCP connection, and lines that say when something happened."""

import socket
import sys
import time

DIAL_S = 20.0
PAUSE_S = 0.002


def accept(port: int) -> socket.socket:
    """Wait for one connection."""
    with socket.create_server(("", port)) as server:
        connection, _ = server.accept()
    return connection


def dial(host: str, port: int) -> socket.socket:
    """Connect, as soon as the other end listens: both are started at once."""
    limit_s = time.monotonic() + DIAL_S
    while True:
        try:
            return socket.create_connection((host, port), DIAL_S)
        except ConnectionRefusedError:
            if time.monotonic() > limit_s:
                raise
            time.sleep(PAUSE_S)


def say(event: str) -> None:
    """A line as our own program prints them; by hand, since json takes a while to import."""
    sys.stdout.write(f'{{"event": "{event}", "at_s": {time.monotonic()}}}\n')
    sys.stdout.flush()
