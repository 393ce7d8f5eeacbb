"""The bound: the least that any transfer needs here which hashes, encrypts, decrypts and hashes again.

BLAKE3 and AES-256-GCM from the libraries that we use, two threads at each end, and nothing else: no
protocol, no names, no durability. `bound.py send HOST PORT FILE`, `bound.py receive PORT FILE`.
Each MiB is four sealed parts. The key is no secret: this is a prototype that measures.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.inside.ends import accept, dial, say

CHUNK_BYTES = 1 << 20
PART_BYTES = 256 << 10
TAG_BYTES = 16
SEALED_BYTES = CHUNK_BYTES // PART_BYTES * (PART_BYTES + TAG_BYTES)
CHUNKS_AHEAD = 3
KEY = bytes(32)

Full = SimpleQueue[tuple[memoryview, int]]
Free = SimpleQueue[memoryview]


def parts(length: int) -> list[tuple[int, int, int, int]]:
    """For each part of a chunk: where it begins and ends in clear and sealed."""
    found, sealed = [], 0
    for start in range(0, length, PART_BYTES):
        end = min(length, start + PART_BYTES)
        found.append((start, end, sealed, sealed + end - start + TAG_BYTES))
        sealed += end - start + TAG_BYTES
    return found


def beside(work: Callable[[], None]) -> threading.Thread:
    """Start the second thread; where it fails, the whole program does."""

    def guarded() -> None:
        try:
            work()
        except BaseException:  # noqa: BLE001 - reported, then the end
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    thread = threading.Thread(target=guarded)
    thread.start()
    return thread


def stock() -> tuple[Full, Free]:
    """A bounded pipe: chunks that are full, and rooms that are free."""
    free: Free = SimpleQueue()
    for _ in range(CHUNKS_AHEAD):
        free.put(memoryview(bytearray(CHUNK_BYTES)))
    return SimpleQueue(), free


def send(host: str, port: int, path: str) -> None:
    """One thread reads and hashes, the other seals and sends."""
    full, free = stock()
    digest = blake3()

    def read() -> None:
        file = os.open(path, os.O_RDONLY)
        while True:
            room = free.get()
            got = os.readv(file, [room])
            digest.update(room[:got])
            full.put((room, got))
            if not got:
                return

    reader = beside(read)
    cipher, number = AESGCM(KEY), 0
    out = memoryview(bytearray(SEALED_BYTES))
    with dial(host, port) as connection:
        connection.settimeout(None)
        connection.sendall(os.stat(path).st_size.to_bytes(8, "big"))
        while True:
            room, got = full.get()
            if not got:
                break
            for start, end, at, to in parts(got):
                cipher.encrypt_into(number.to_bytes(12, "big"), room[start:end], b"", out[at:to])
                number += 1
            connection.sendall(out[:to])
            free.put(room)
        reader.join()
        connection.sendall(digest.digest())


def take(connection: socket.socket, room: memoryview) -> None:
    """Fill `room`."""
    if connection.recv_into(room, len(room), socket.MSG_WAITALL) != len(room):
        raise EOFError("the sender is gone")


def receive(port: int, path: str) -> None:
    """One thread receives and opens, the other hashes and writes."""
    full, free = stock()
    digest = blake3()

    def write() -> None:
        file, at = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 0
        while True:
            room, got = full.get()
            if not got:
                return os.close(file)
            digest.update(room[:got])
            at += os.pwrite(file, room[:got], at)
            free.put(room)

    writer = beside(write)
    cipher, number = AESGCM(KEY), 0
    sealed = memoryview(bytearray(SEALED_BYTES))
    with accept(port) as connection:
        head = memoryview(bytearray(8))
        take(connection, head)
        say("first")
        left = int.from_bytes(head, "big")
        while left:
            got = min(left, CHUNK_BYTES)
            cut = parts(got)
            take(connection, sealed[: cut[-1][3]])
            room = free.get()
            for start, end, at, to in cut:
                cipher.decrypt_into(number.to_bytes(12, "big"), sealed[at:to], b"", room[start:end])
                number += 1
            full.put((room, got))
            left -= got
        full.put((sealed, 0))
        writer.join()
        proof = memoryview(bytearray(32))
        take(connection, proof)
    say("last")
    if digest.digest() != bytes(proof):
        raise SystemExit("what arrived is not what was sent")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        receive(int(sys.argv[2]), sys.argv[3])
