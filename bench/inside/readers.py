"""Readers of a web server, all at once: what they ask for again and again, and how long each answer took.

    readers.py CONNECTIONS SECONDS ADDRESS,... URL...      one JSON object at the end

ADDRESS: of this host, from which they come in turns; connections are kept alive as long as the server wants.

Needs nothing but the standard library. Each connection is a thread with a blocking socket.
"""

import json
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

BUFFER_BYTES = 1 << 20
HEAD_BYTES_MAX = 1 << 16


class Reader(threading.Thread):
    """One connection, or one after the other where the server closes them."""

    def __init__(self, urls: list[str], address: str, until_s: float) -> None:
        super().__init__(daemon=True)
        self.urls, self.address, self.until_s = urls, address, until_s
        self.took_s: list[float] = []
        self.bytes = self.failed = 0
        self._buffer = memoryview(bytearray(BUFFER_BYTES))

    def run(self) -> None:
        place, connection = 0, None
        while time.monotonic() < self.until_s:
            url = urlsplit(self.urls[place % len(self.urls)])
            place += 1
            try:
                if connection is None:
                    there = (url.hostname or "", url.port or 80)
                    connection = socket.create_connection(there, 30, (self.address, 0))
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                began_s = time.monotonic()
                path = url.path + (f"?{url.query}" if url.query else "")
                connection.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept-Encoding: identity\r\n"
                    "Accept: application/atom+xml;profile=opds-catalog, text/html, */*\r\n\r\n".encode()
                )
                is_kept = self._answer(connection)
                self.took_s.append(time.monotonic() - began_s)
            except (OSError, ValueError):
                self.failed += 1
                is_kept = False
                time.sleep(0.01)
            if not is_kept and connection is not None:
                connection.close()
                connection = None

    def _answer(self, connection: socket.socket) -> bool:
        """Whether the connection goes on. Raises ValueError: not what was asked for."""
        head = b""
        while (end := head.find(b"\r\n\r\n")) < 0:
            part = connection.recv(BUFFER_BYTES)
            if not part or len(head) > HEAD_BYTES_MAX + BUFFER_BYTES:
                raise ValueError("no head")
            head += part
        lines = head[:end].decode("latin-1").lower().split("\r\n")
        if lines[0].split()[1] != "200":
            raise ValueError(lines[0])
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        rest = len(head) - end - 4
        if "content-length" in fields:
            left = int(fields["content-length"]) - rest
            self.bytes += rest
            while left > 0:
                count = connection.recv_into(self._buffer, min(left, BUFFER_BYTES))
                if not count:
                    raise ValueError("it broke off")
                left -= count
                self.bytes += count
            return fields.get("connection") != "close"
        if fields.get("transfer-encoding") == "chunked":
            body = head[end + 4 :]
            while not body.endswith(b"0\r\n\r\n"):
                part = connection.recv(BUFFER_BYTES)
                if not part:
                    raise ValueError("it broke off")
                body += part
            self.bytes += len(body)
            return fields.get("connection") != "close"
        while part := connection.recv(BUFFER_BYTES):
            self.bytes += len(part)
        return False


def main() -> None:
    connections, seconds, addresses, *urls = sys.argv[1:]
    until_s = time.monotonic() + float(seconds)
    readers = []
    for number in range(int(connections)):
        first = number % len(urls)
        address = addresses.split(",")[number % (addresses.count(",") + 1)]
        readers.append(Reader(urls[first:] + urls[:first], address, until_s))
    began_s = time.monotonic()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    took = sorted(one for reader in readers for one in reader.took_s)
    print(
        json.dumps(
            {
                "event": "read",
                "answers": len(took),
                "failed": sum(reader.failed for reader in readers),
                "bytes": sum(reader.bytes for reader in readers),
                "seconds": time.monotonic() - began_s,
                "median_s": took[len(took) // 2] if took else None,
                "p99_s": took[len(took) * 99 // 100] if took else None,
                "most_s": took[-1] if took else None,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
