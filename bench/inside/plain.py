"""The ceiling: one file over one TCP connection, unencrypted, unchecked, with as few copies as there can be.

`plain.py send HOST PORT FILE`, `plain.py receive PORT FILE`. Never tuned down.
"""

import os
import sys

from bench.inside.ends import accept, dial, say

BUFFER_BYTES = 1 << 20  # the fastest of 64 KiB to 4 MiB, with and without MSG_WAITALL


def send(host: str, port: int, path: str) -> None:
    """Let the kernel send the file."""
    file = os.open(path, os.O_RDONLY)
    size, sent = os.fstat(file).st_size, 0
    with dial(host, port) as connection:
        connection.settimeout(None)
        while sent < size:
            sent += os.sendfile(connection.fileno(), file, sent, size - sent)


def receive(port: int, path: str) -> None:
    """Write what comes, as it comes."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    room = memoryview(bytearray(BUFFER_BYTES))
    with accept(port) as connection:
        got = connection.recv_into(room)
        say("first")
        while got:
            os.write(file, room[:got])
            got = connection.recv_into(room)
    os.close(file)
    say("last")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        receive(int(sys.argv[2]), sys.argv[3])
