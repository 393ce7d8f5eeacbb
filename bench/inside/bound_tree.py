"""The bound for many small files: the least that any Python program needs which hashes, encrypts, decrypts,
hashes again, and gives no file its name before it is whole.

BLAKE3 and AES-256-GCM from the libraries that we use, one thread at each end, and nothing else: no code, no
offer, no records, no durability, no look at what a peer names. `bound_tree.py send HOST PORT FOLDER`,
`bound_tree.py receive PORT FOLDER`. The key is no secret: this is a prototype that measures.
"""

import os
import socket
import sys
from collections.abc import Iterator

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.inside.ends import accept, dial, say

FRAME_BYTES = 256 << 10
TAG_BYTES = 16
HASH_BYTES = 32
KEY = bytes(32)

# A frame: sealed length[4] | sealed. In it, for each file: name length[2] | size[4] | name | content | hash.
Piece = tuple[bytes, bytes, bytes]  # name, content, hash


def pack(pieces: list[Piece]) -> bytes:
    """Files as the plaintext of one frame."""
    parts: list[bytes] = []
    for name, content, digest in pieces:
        parts += (len(name).to_bytes(2, "big"), len(content).to_bytes(4, "big"), name, content, digest)
    return b"".join(parts)


def unpack(plain: memoryview) -> Iterator[tuple[bytes, memoryview, bytes]]:
    """The files of one frame; their content is a view of it."""
    at = 0
    while at < len(plain):
        name_ends = at + 6 + int.from_bytes(plain[at : at + 2], "big")
        ends = name_ends + int.from_bytes(plain[at + 2 : at + 6], "big")
        yield bytes(plain[at + 6 : name_ends]), plain[name_ends:ends], bytes(plain[ends : ends + HASH_BYTES])
        at = ends + HASH_BYTES


def walk(folder: str) -> Iterator[Piece]:
    """Every file below, read and hashed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        inside = os.open(place, os.O_RDONLY)
        below = os.path.relpath(place, os.path.dirname(folder))
        for name in sorted(names):
            file = os.open(name, os.O_RDONLY, dir_fd=inside)
            content = os.read(file, FRAME_BYTES)
            os.close(file)
            yield os.fsencode(f"{below}/{name}"), content, blake3(content).digest()
        os.close(inside)


def frames(folder: str) -> Iterator[bytes]:
    """Files packed together until a frame is full."""
    pieces: list[Piece] = []
    waiting = 0
    for piece in walk(folder):
        waiting += 6 + sum(map(len, piece))
        if pieces and waiting > FRAME_BYTES:
            yield pack(pieces)
            pieces, waiting = [], 6 + sum(map(len, piece))
        pieces.append(piece)
    yield pack(pieces)


def send(host: str, port: int, folder: str) -> None:
    """Read, hash, seal, send."""
    cipher = AESGCM(KEY)
    with dial(host, port) as connection:
        connection.settimeout(None)
        for number, plain in enumerate(frames(folder)):
            sealed = cipher.encrypt(number.to_bytes(12, "big"), plain, b"")
            connection.sendall(len(sealed).to_bytes(4, "big") + sealed)


def take(connection: socket.socket, length: int) -> bytes:
    """So many bytes, or none at the end."""
    return connection.recv(length, socket.MSG_WAITALL)


def receive(port: int, into: str) -> None:
    """Receive, open, hash, write under a number; at the end, all names. `into`: the folder as it will be."""
    into = os.path.dirname(into)
    hidden = os.path.join(into, ".unfinished")
    os.makedirs(hidden)
    staging, root = os.open(hidden, os.O_RDONLY), os.open(into, os.O_RDONLY)
    cipher, names, made = AESGCM(KEY), list[bytes](), set[bytes]()
    with accept(port) as connection:
        number = 0
        while head := take(connection, 4):
            if not number:
                say("first")
            sealed = take(connection, int.from_bytes(head, "big"))
            plain = memoryview(cipher.decrypt(number.to_bytes(12, "big"), sealed, b""))
            number += 1
            for name, content, digest in unpack(plain):
                if blake3(content).digest() != digest:
                    raise SystemExit("what arrived is not what was sent")
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                file = os.open(b"%d" % len(names), flags, 0o600, dir_fd=staging)
                os.write(file, content)
                os.close(file)
                names.append(name)
    for place, name in enumerate(names):
        folder = os.path.dirname(name)
        if folder not in made:
            os.makedirs(os.path.join(os.fsencode(into), folder), exist_ok=True)
            made.add(folder)
        os.rename(b"%d" % place, name, src_dir_fd=staging, dst_dir_fd=root)
    os.rmdir(hidden)
    say("last")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        receive(int(sys.argv[2]), sys.argv[3])
