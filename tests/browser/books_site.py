"""Books open at an origin of their own, as the owner's are, on a host of the laboratory.

`python books_site.py TRAP LOG [OTHER ...]` runs there by itself. It prints the address of each book, then
"ready". At the port TRAP another server writes each request into LOG, and shows what hostile books are made
of without any policy, at /control.
"""

import asyncio
import http.server
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from browser.made_books import attacks, good, hostile
from satchel.core.library.kinds import Kind
from satchel.ports.books import Facts, OpenBook, Opener
from satchel.ports.library import BookNumber, Hit, Hits, Passage, Readable
from satchel.web.reading import BookOrigin, Manners, ShownBook
from web.shown_books import Looker


def find(_words: str, _first: int) -> Hits:
    hit = Hit(book=BookNumber(1), place="A/Other", heading="Other", excerpt="Other page", marks=[(0, 5)])
    return Hits(hits=[hit], is_cut=False)


def spring(port: int, log: Path, page: str) -> None:
    class Trap(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with log.open("a", encoding="utf-8") as kept:
                kept.write(f"{self.command} {self.path}\n")
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("access-control-allow-origin", "*")
            self.end_headers()
            self.wfile.write(page.encode() if self.path == "/control" else b"caught")

        do_POST = do_OPTIONS = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Trap)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Shelf(Opener):
    """Each book by its content, so that all are at one origin."""

    def __init__(self) -> None:
        self._lookers: dict[bytes, Looker] = {}

    def put(self, shown: ShownBook, looker: Looker) -> None:
        self._lookers[content_of(shown.parts[0].read())] = looker

    def examine(self, content: Readable, name: str) -> Iterator[Facts | Passage]:
        raise AssertionError("nothing of this is asked of a reader")

    def open(self, content: Readable, kind: Kind) -> OpenBook:
        return self._lookers[content_of(content)].open(content, kind)

    def close(self) -> None:
        pass


def content_of(content: Readable) -> bytes:
    buffer = bytearray(content.size_bytes)
    content.read_into(0, memoryview(buffer))
    return bytes(buffer)


async def main() -> None:
    trap, others = f"http://127.0.0.1:{sys.argv[1]}", sys.argv[3:]
    shelf = Shelf()
    with ThreadPoolExecutor(4) as threads:
        origin = BookOrigin(shelf, threads=threads, draw=os.urandom, now_s=time.monotonic)
        address = ""
        for make in (good, partial(hostile, trap, others)):
            for name, (shown, looker) in make().items():
                shelf.put(shown, looker)
                is_archive = shown.kind is Kind.ZIM
                find_in = find if is_archive else None
                manners = Manners(keeps_places=True, find=find_in)
                address = await origin.open_book(name, shown, manners)
                print(f"{name} {address}", flush=True)
            others.append(f"{address}content/0")
        spring(int(sys.argv[1]), Path(sys.argv[2]), f"<!doctype html><body>{attacks(trap, others)}")
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
