"""The bytes of a book: its content as it is, and what the limited process finds in it.

No type is taken from a book as it says: those of the lists are given, all else is a download of no type (B1).
"""

import re
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from hashlib import sha1
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from satchel.core.library.kinds import (
    COMIC_TYPE,
    EPUB_TYPE,
    FILE_TYPE,
    PAGE_TYPE,
    PDF_TYPE,
    TEXT_TYPE,
    ZIM_TYPE,
    Kind,
)
from satchel.node.own_thread import in_own_thread
from satchel.ports.books import Resource
from satchel.web.content import Content
from satchel.web.reading.held import HeldBook
from satchel.web.reading.hints import redirected, without_hints
from satchel.web.reading.policy import Policy
from satchel.web.reading.shown import ShownBook, not_there

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/svg+xml"})
FILES = PICTURES | {
    *("text/css", "font/otf", "font/ttf", "font/woff", "font/woff2", "application/vnd.ms-opentype"),
    *("application/font-sfnt", "application/font-woff"),
}
ENTRIES = FILES | {
    *("text/html", "text/plain", "text/vtt"),
    *("image/avif", "image/bmp"),
    *("image/x-icon", "image/vnd.microsoft.icon", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm"),
    *("audio/flac", "audio/wav", "video/mp4", "video/ogg", "video/webm", "application/ogg"),
}
_TYPE = re.compile(r"([a-z]+/[a-z0-9.+-]+)(?:; ?charset=(utf-8))?", re.ASCII)
_SUFFIXES = {
    EPUB_TYPE: "epub",
    PDF_TYPE: "pdf",
    ZIM_TYPE: "zim",
    COMIC_TYPE: "cbz",
    PAGE_TYPE: "html",
    TEXT_TYPE: "txt",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
}
HTML = "text/html"
_DOWNLOAD = {"content-type": FILE_TYPE, "content-disposition": "attachment"}
NAME_CHARACTERS_MAX = 80
SHA1_CHARACTERS_MAX = 4096
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


class BytesOf:
    def __init__(self, shown: ShownBook, held: HeldBook, threads: Executor) -> None:
        self._shown = shown
        self._held = held
        self._threads = threads

    async def part(self, request: Request) -> Response:
        """A file of the book: for our scripts, for `<audio>`, and to be taken along."""
        number = request.path_params["part"]
        if number >= len(self._shown.parts):
            raise not_there()
        part = self._shown.parts[number]
        headers = {**_policy(request).raw(), "content-type": _known(part.media_type, FILE_TYPE)}
        headers["content-disposition"] = attachment(file_name(self._shown, number))
        return _Answer(
            Content(
                open=part.read,
                size_bytes=part.size_bytes,
                headers=headers,
                etag='"whole"',  # nothing ever changes below this path
                modified_s=0,
                threads=self._threads,
            )
        )

    async def page(self, request: Request) -> Response:
        resource = await self._held.fetch(f"page/{request.path_params['number']}")
        return _given(resource, PICTURES, _policy(request).raw())

    async def cover(self, request: Request) -> Response:
        return _given(await self._held.fetch("cover"), PICTURES, _policy(request).raw())

    async def file(self, request: Request) -> Response:
        resource = await self._held.fetch(f"file/{request.path_params['path']}")
        return _given(resource, FILES, _policy(request).raw())

    async def entry(self, request: Request) -> Response:
        """Of an archive, as it stands there, in the frame of our page."""
        self._refuse_others()
        resource = await self._held.fetch(f"file/{request.path_params['path']}")
        headers, body = _policy(request).entry(), resource.body
        if resource.media_type.partition(";")[0] == HTML:
            # Without scripts a browser does not follow a page that only leads to another one.
            if (place := redirected(body)) is not None:
                return RedirectResponse(place, 303, headers=dict(headers))
            if (without := await in_own_thread(without_hints, body)) is None:
                return Response(body, headers={**headers, **_DOWNLOAD})
            resource = replace(resource, body=without)
        return _given(resource, ENTRIES, headers)

    def _refuse_others(self) -> None:
        if self._shown.kind is not Kind.ZIM:
            raise not_there()

    async def sha1(self, request: Request) -> Response:
        """For fonts that EPUB has made unreadable with it (OCF 3.3, 4.4): a browser has no SHA-1 for pages
        that come without TLS. It protects nothing."""
        text = request.query_params.get("of", "")[:SHA1_CHARACTERS_MAX]
        digest = sha1(text.encode(), usedforsecurity=False).digest()
        return Response(digest, media_type=FILE_TYPE, headers=dict(_policy(request).raw()))


class _Answer(Response):
    """An answer that is an application by itself."""

    def __init__(self, content: Content) -> None:
        super().__init__()
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._content(scope, receive, send)


def _given(resource: Resource, allowed: frozenset[str], headers: Mapping[str, str]) -> Response:
    found = _TYPE.fullmatch(resource.media_type)
    if found is None or found[1] not in allowed:
        return Response(resource.body, headers={**headers, **_DOWNLOAD})
    kind = f"{found[1]}; charset=utf-8" if found[2] or found[1].startswith("text/") else found[1]
    return Response(resource.body, headers={**headers, "content-type": kind})


def _known(media_type: str, other: str) -> str:
    return media_type if media_type in _SUFFIXES else other


def file_name(shown: ShownBook, number: int = 0) -> str:
    """For who takes it along: what a disk, a phone and a header can bear."""
    title = _UNFIT.sub("_", shown.title)[:NAME_CHARACTERS_MAX].strip(" .") or "book"
    counted = f" {number + 1:03}" if len(shown.parts) > 1 else ""
    suffix = _SUFFIXES.get(shown.parts[number].media_type)
    return f"{title}{counted}.{suffix}" if suffix else f"{title}{counted}"


def attachment(name: str) -> str:
    """RFC 6266: for all browsers, and in ASCII for those that know no other."""
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _policy(request: Request) -> Policy:
    policy = request.scope["policy"]
    assert isinstance(policy, Policy)
    return policy
