"""A peer: one file over TLS as Python has it.

`tls.py send HOST PORT FILE CERTIFICATE`, `tls.py receive PORT FILE CERTIFICATE KEY`.
"""

import os
import ssl
import sys

from bench.inside.ends import accept, dial, say

BUFFER_BYTES = 1 << 20


def send(host: str, port: int, path: str, certificate: str) -> None:
    """Send to whoever holds the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(certificate)
    file = os.open(path, os.O_RDONLY)
    room = memoryview(bytearray(BUFFER_BYTES))
    plain = dial(host, port)
    plain.settimeout(None)
    with context.wrap_socket(plain) as connection:
        while got := os.readv(file, [room]):
            connection.sendall(room[:got])
        connection.unwrap()


def receive(port: int, path: str, certificate: str, key: str) -> None:
    """A call gives one record of 16 KiB at most: gathered before they are written."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    room = memoryview(bytearray(BUFFER_BYTES))
    with context.wrap_socket(accept(port), server_side=True) as connection:
        filled = connection.recv_into(room)
        say("first")
        while True:
            got = connection.recv_into(room[filled:])
            filled += got
            if not got or filled == BUFFER_BYTES:
                os.write(file, room[:filled])
                filled = 0
            if not got:
                break
        connection.unwrap()
    os.close(file)
    say("last")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
    else:
        receive(int(sys.argv[2]), *sys.argv[3:])
