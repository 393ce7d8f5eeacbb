"""Pages of an archive: their text, to be found, and a form without scripts. Spec: docs/spec/zim.md, 7, 8."""

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from satchel.books.markup import as_html, blocks, declared_direction, fragment, parse_page
from satchel.books.markup import cleaned as without_what_acts
from satchel.core.library.item import Direction
from satchel.errors import UnfitBook

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")

Link = Callable[[str, bool], str | None]  # of a path, and whether a picture is wanted: what is linked to


def text_of(body: bytes) -> str:
    """What a person reads of a page: a line for each block. Any bytes; never raises."""
    try:
        return "\n".join(block.text for block in blocks(parse_page(body)))
    except UnfitBook:
        return ""


def cleaned(body: bytes, base: str, link: Link) -> bytes:
    """The page without scripts, styles and addresses of other places. `base`: its own path. Any bytes."""

    def rewrite(address: str, is_picture: bool) -> str | None:
        before, _, name = address.partition("#")
        end = "" if is_picture else fragment(unquote(name))
        if not before and not is_picture:
            return end or None
        target = resolved(base, address)
        linked = None if target is None else link(target, is_picture)
        return None if linked is None else linked + end

    try:
        root = parse_page(body)
    except UnfitBook:  # an empty page
        return b""
    return without_what_acts(as_html(root), rewrite).encode("utf-8", "replace")


def direction_of(body: bytes) -> Direction | None:
    """As the page says of itself."""
    try:
        return declared_direction(parse_page(body))
    except UnfitBook:
        return None


def resolved(base: str, address: str) -> str | None:
    """The path that an address on the page at `base` means; None: one outside of the archive."""
    address = address.strip()
    if _SCHEME.match(address) or address.startswith(("//", "\\")):
        return None
    path = unquote(address.partition("#")[0].partition("?")[0])
    steps = [] if path.startswith("/") else base.split("/")[:-1]
    for step in path.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    if not steps or not path:
        return None
    return "/".join(steps) + ("/" if path.endswith("/") else "")


def between(base: str, target: str) -> str:
    """How a page at `base` names `target`."""
    return "../" * base.count("/") + quote(target, safe="/")


def prepare() -> None:
    """Load what is loaded when it is first needed."""
    text_of("<p>é".encode())
    cleaned("<html dir=rtl><p>é".encode(), "a", lambda _path, _is_picture: None)
