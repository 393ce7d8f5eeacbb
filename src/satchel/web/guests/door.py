"""What is behind the door, in HTTP: who does not know its address gets the same nothing, whatever they ask.

Spec: docs/spec/guests.md, 2 and 3.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address
from typing import TypeVar

from starlette.types import Receive, Scope, Send

from satchel.core.crypto.kdf import digest, same
from satchel.errors import NothingToDo, SatchelError
from satchel.ports.library import Book, Library
from satchel.web.content import Content, is_unchanged
from satchel.web.guests import opds1, opds2, pages
from satchel.web.guests.asking import Ask, Form, form_of, language_of, read_fields, split_path
from satchel.web.guests.feed import Entry
from satchel.web.guests.lists import Lists
from satchel.web.guests.names import disposition, file_type
from satchel.web.guests.open_shelves import OpenShelves
from satchel.web.guests.publications import Publications
from satchel.web.guests.reads import Reader, Reads
from satchel.web.guests.rendered import Rendered, Written
from satchel.web.guests.turns import NoPlace, Places

PAGE_THREADS, SEARCH_THREADS, BYTE_THREADS = 4, 2, 4
SEARCHES_MAX, SEARCHES_SHARE = 16, 3
TAKING_MAX, TAKING_SHARE = 72, 6
SEARCH_STEP_S = 0.1
AGAIN_S = "3"
_FIELDS = frozenset({"page", "language", "kind", "order", "query", "q"})
_CHOSEN = frozenset({"v", "hl"})
_PART = re.compile(r"([1-9][0-9]{0,2})\.[a-z0-9]{1,8}", re.ASCII)
_ALWAYS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": pages.POLICY,
}
_RAW = {**_ALWAYS, "content-security-policy": "sandbox; default-src 'none'"}  # should one open it (B1)
_LISTS = {**_ALWAYS, "vary": "Accept, Accept-Language"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is drawn anew each time the door is opened."""

    base: str = field(repr=False)  # "/" and the capability, or empty: none is wanted
    secret: bytes = field(repr=False)  # 32 random bytes
    opened_s: int  # since 1970


class Door:
    """An app of ASGI: one for each opening. Used from one loop; `close` ends what it has begun."""

    def __init__(
        self,
        library: Library,
        opening: Opening,
        *,
        reader: Callable[[Executor], Reader],
        now_s: Callable[[], int],
    ) -> None:
        """`reader`: made with the threads in which it may read. `now_s`: since 1970."""
        self._opening = opening
        self._base = opening.base.encode()
        self._shelves = OpenShelves(library, secret=opening.secret, now_s=now_s)
        self._for_bytes = ThreadPoolExecutor(BYTE_THREADS, "satchel-guests-bytes")
        reads = reader(self._for_bytes)
        self._publications = Publications(self._shelves, is_read_here=reads.is_for)
        self._lists = Lists(self._shelves, self._publications)
        self._rendered = Rendered()
        self._reads = Reads(reads)
        self._for_pages = ThreadPoolExecutor(PAGE_THREADS, "satchel-guests-page")
        self._for_searches = ThreadPoolExecutor(SEARCH_THREADS, "satchel-guests-search")
        self._searching = Places(SEARCHES_MAX, share=SEARCHES_SHARE)
        self._taking = Places(TAKING_MAX, share=TAKING_SHARE)

    async def close(self) -> None:
        await self._reads.close()
        for threads in (self._for_pages, self._for_searches, self._for_bytes):
            threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        host, below = _host(scope, headers.get("host", "")), self._below(scope["raw_path"])
        if host is None or below is None:
            return await _answer(send, 404, {})  # without a word, whatever was wrong [2.3]
        if scope["method"] not in ("GET", "HEAD"):
            return await _answer(send, 405, {**_ALWAYS, "allow": "GET, HEAD", "connection": "close"})
        ask = self._ask(scope, headers, host, below)
        if ask is None:
            return await _answer(send, 404, _ALWAYS)
        try:
            await self._dispatch(ask, scope, headers, receive, send)
        except NothingToDo:
            await self._answer_nothing(ask, scope, send)
        except NoPlace:
            await self._answer_busy(ask, scope, send)
        except SatchelError:
            await _answer(send, 503, {**_ALWAYS, "retry-after": AGAIN_S})

    def _below(self, raw_path: bytes) -> bytes | None:
        """What stands behind the base; None: it is another one. Takes as long for each of one length."""
        length = len(self._base)
        if not same(raw_path[:length], self._base):
            return None
        below = raw_path[length:]
        return below if below.startswith(b"/") else b"/" if not below else None

    def _ask(self, scope: Scope, headers: Mapping[str, str], host: str, below: bytes) -> Ask | None:
        path = split_path(below)
        if path is None:
            return None
        said = read_fields(scope["query_string"], _FIELDS | _CHOSEN)
        form, is_form_chosen = form_of(said.get("v"), headers.get("accept", ""))
        code, is_code_chosen = language_of(said.get("hl"), headers.get("accept-language", ""))
        kept = [("v", form.value)] if is_form_chosen else []
        kept += [("hl", code)] if is_code_chosen else []
        return Ask(
            root=f"http://{host}{self._opening.base}",
            path=path,
            fields={name: value for name, value in said.items() if name in _FIELDS},
            form=form,
            code=code,
            kept=tuple(kept),
        )

    async def _dispatch(
        self, ask: Ask, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        match ask.path:
            case (name,) if (found := pages.beside(name)) is not None:
                body, media_type = found
                kept = {**_ALWAYS, "cache-control": "private, max-age=3600", "content-type": media_type}
                await _answer(send, 200, kept, body, scope)
            case ("take", handle, file):
                await self._take(handle, file, scope, send)
            case ("cover", handle):
                await self._written(await self._in_pages(self._cover, handle), _RAW, scope, headers, send)
            case ("read", handle, *_):
                await self._read(ask, handle, scope, receive, send)
            case ("search",):
                await self._written(await self._search(ask, scope), _LISTS, scope, headers, send)
            case _:
                await self._written(await self._in_pages(self._list, ask), _LISTS, scope, headers, send)

    # --- pages and lists -----------------------------------------------------------------------------

    def _list(self, ask: Ask) -> Written:
        """In a thread."""
        state = self._shelves.state()
        if (written := self._rendered.find(ask.key, state)) is not None:
            return written
        written = self._write(ask)
        self._rendered.keep(ask.key, state, written)
        return written

    def _write(self, ask: Ask) -> Written:
        if ask.path == ("opensearch.xml",):
            fixed = ask.choosing(v=Form.OPDS_1.value) if ask.kept else ask
            template = fixed.to("search", query="words").replace("query=words", "query={searchTerms}")
            body = opds1.write_description(self._lists.around(ask), template)
            return self._document(body, opds1.OPENSEARCH, self._opening.opened_s)
        if ask.path[:1] == ("book",) and len(ask.path) == 2:
            changed_s = self._shelves.state().changed_s
            book = self._publications.of(ask, self._shelves.book(ask.path[1]))
            return self._document(
                *_write_entry(ask, Entry(book=book, around=self._lists.around(ask))), changed_s
            )
        feed = self._lists.feed(ask)
        match ask.form:
            case Form.OPDS_1:
                kind = opds1.BOOKS if feed.has_books else opds1.NAVIGATION
                return self._document(opds1.write_feed(feed), kind, feed.updated_s)
            case Form.OPDS_2:
                return self._document(opds2.write_feed(feed), opds2.FEED, feed.updated_s)
            case Form.PAGE:
                newest = self._publications.newest(ask) if not ask.path else ()
                return self._document(pages.show_feed(ask, feed, newest=newest), pages.TYPE, feed.updated_s)

    def _document(self, body: bytes, media_type: str, modified_s: int) -> Written:
        etag = f'"{self._shelves.tag(digest(body))}"'
        return Written(body=body, media_type=media_type, etag=etag, modified_s=modified_s)

    async def _search(self, ask: Ask, scope: Scope) -> Written:
        """The answer leaves in steps: how long it took would say how much is here that nobody may see."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        with self._searching.taking(_address(scope)):
            written = await loop.run_in_executor(self._for_searches, self._write, ask)
            await asyncio.sleep(SEARCH_STEP_S - (loop.time() - begun_s) % SEARCH_STEP_S)
        return written

    async def _written(
        self,
        written: Written,
        around: Mapping[str, str],
        scope: Scope,
        headers: Mapping[str, str],
        send: Send,
    ) -> None:
        said = {
            **around,
            "content-type": written.media_type,
            "etag": written.etag,
            "last-modified": formatdate(written.modified_s, usegmt=True),
        }
        if is_unchanged(headers, written.etag, written.modified_s):
            return await _answer(send, 304, said)
        return await _answer(send, 200, said, written.body, scope)

    async def _answer_nothing(self, ask: Ask, scope: Scope, send: Send) -> None:
        if ask.form is not Form.PAGE:
            return await _answer(send, 404, _LISTS)
        body = await self._in_pages(pages.show_nothing, ask)
        return await _answer(send, 404, {**_LISTS, "content-type": pages.TYPE}, body, scope)

    async def _answer_busy(self, ask: Ask, scope: Scope, send: Send) -> None:
        said = {**_LISTS, "retry-after": AGAIN_S}
        if ask.form is not Form.PAGE or ask.path != ("search",):
            return await _answer(send, 503, said)
        body = await self._in_pages(pages.show_busy, ask)
        return await _answer(send, 503, {**said, "content-type": pages.TYPE}, body, scope)

    # --- books ---------------------------------------------------------------------------------------

    def _cover(self, handle: str) -> Written:
        cover = self._shelves.cover(self._shelves.book(handle))
        if cover is None:
            raise NothingToDo("guests 3.5: this book has no cover.")
        return self._document(cover, opds1.JPEG, self._opening.opened_s)

    async def _take(self, handle: str, file: str, scope: Scope, send: Send) -> None:
        found = _PART.fullmatch(file)
        book = await self._in_pages(self._shelves.book, handle)
        if found is None or int(found[1]) > len(book.item.parts):
            raise NothingToDo("guests 3.5: this book has no such part.")
        number = int(found[1]) - 1
        part = book.item.parts[number]
        content = Content(
            open=partial(self._shelves.read, book, number),
            size_bytes=part.size_bytes,
            headers={
                **_RAW,
                "content-type": file_type(part.media_type),
                "content-disposition": disposition(book.item, number),
            },
            etag=f'"{self._shelves.tag(handle.encode(), b"%d" % number)}"',
            modified_s=self._opening.opened_s,
            threads=self._for_bytes,
        )
        if scope["method"] == "HEAD":
            return await content(scope, _nothing_more, send)
        with self._taking.taking(_address(scope)):
            await content(scope, _nothing_more, send)
        return None

    async def _read(self, ask: Ask, handle: str, scope: Scope, receive: Receive, send: Send) -> None:
        book: Book = await self._in_pages(self._shelves.book, handle)
        if not self._publications.is_read_here(book.kind):
            raise NothingToDo("guests 3.5: books of this kind are taken along.")
        app = self._reads.of(handle, book, partial(self._shelves.read, book), back=ask.bare("book", handle))
        below = f"{scope['root_path']}{self._opening.base}/read/{handle}"
        await app({**scope, "root_path": below}, receive, send)

    async def _in_pages(self, call: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._for_pages, partial(call, *given))


def _write_entry(ask: Ask, entry: Entry) -> tuple[bytes, str]:
    match ask.form:
        case Form.OPDS_1:
            return opds1.write_entry(entry), opds1.ENTRY
        case Form.OPDS_2:
            return opds2.write_entry(entry), opds2.ENTRY
        case Form.PAGE:
            return pages.show_book(ask, entry), pages.TYPE


def _headers(scope: Scope) -> dict[str, str]:
    """Of several of one name the last; of `Host` there is one (RFC 9112, 3.2)."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _host(scope: Scope, told: str) -> str | None:
    """HOST:PORT, where it is exactly the address that was dialled: a number. None: any other, as the name of
    a page on the web that was made to lead here (DNS rebinding)."""
    address, port = scope["server"]
    said, _, said_port = told.rpartition(":")
    try:
        here = ip_address(address.partition("%")[0])
        if said_port != str(port) or ip_address(said.removeprefix("[").removesuffix("]")) != here:
            return None
    except ValueError:
        return None
    return f"{here}:{port}" if here.version == 4 else f"[{here}]:{port}"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _nothing_more() -> dict[str, str]:
    return {"type": "http.disconnect"}


async def _answer(
    send: Send, status: int, headers: Mapping[str, str], body: bytes = b"", scope: Scope | None = None
) -> None:
    """`scope`: of what may have asked for the head alone."""
    said = dict(headers)
    if status != 304:
        said["content-length"] = str(len(body))
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in said.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    is_head = scope is not None and scope["method"] == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})
