"""Pages of an archive as they are, but for what no policy stops: names that a browser looks up, or connects
to, before anything is asked for there (B1).

A page may say so in its `link` elements alone, since its scripts do not run. Those that plainly are a style
or an icon stay; of all others the name is changed, so that a browser knows them no more. What looks like none
to this reader and like one to a browser there cannot be: it reads plain tags only, and keeps nothing else.
"""

import html
import re

_CANNOT_BE_READ = (b"\xff\xfe", b"\xfe\xff")  # UTF-16: its own mark overrides what we say
_LINK = re.compile(rb"<link(?=[\s/>])", re.IGNORECASE)
_PLAIN = re.compile(
    rb"<link((?:\s+[a-z][a-z0-9-]{0,30}(?:=(?:\"[^\"<>]{0,2000}\"|'[^'<>]{0,2000}'|[^\s\"'<>=`]{1,2000}))?){0,20})\s*/?>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(rb"\s([a-z][a-z0-9-]*)(?:=(?:\"([^\"]*)\"|'([^']*)'|([^\s]+)))?", re.IGNORECASE)
_KEPT = frozenset({b"stylesheet", b"icon", b"shortcut icon", b"apple-touch-icon"})
_ELSEWHERE = re.compile(
    rb'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=([^"<>:\\]{1,8000})">'
)


def without_hints(page: bytes) -> bytes | None:
    """None: it is in an encoding in which tags cannot be seen."""
    if page.startswith(_CANNOT_BE_READ):
        return None
    parts, done = [], 0
    for found in _LINK.finditer(page):
        if not _is_harmless(_PLAIN.match(page, found.start())):
            parts += [page[done : found.start()], b"<x-link"]
            done = found.end()
    return b"".join((*parts, page[done:]))


def redirected(page: bytes) -> str | None:
    """Where a page that says nothing but that leads to, from where it stands: always into the archive."""
    found = _ELSEWHERE.match(page)
    if found is None:
        return None
    place = html.unescape(found[1].decode("utf-8", "replace"))
    return place if re.fullmatch(r"(?:\.\./)*[A-Za-z0-9%._~!$'()*+,;=@-][^:\\\s]*", place) else None


def _is_harmless(tag: re.Match[bytes] | None) -> bool:
    if tag is None:
        return False
    named: dict[bytes, bytes] = {}
    for name, *values in _ATTRIBUTE.findall(tag[1]):
        named.setdefault(name.lower(), b"".join(values))  # of two of one name a browser takes the first
    return named.get(b"rel", b"").strip().lower() in _KEPT
