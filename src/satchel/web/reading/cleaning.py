"""Text of a book, once more made harmless on its way to a browser.

The limited process has cleaned it already; but a book may have taken that process over, so nothing that it
says is trusted (B1). What is left is text with its direction, its language and its pictures, and links that
stay in the book. No address of another place is left in it: a policy stops what is fetched, and not what a
person clicks, nor names that a browser looks up ahead.
"""

import re
from urllib.parse import quote, unquote

import nh3

CHAPTER_BYTES_MAX = 16 << 20  # longer than any chapter; who wants more takes the file
_EVERYWHERE = {"dir", "lang", "id", "title"}
_TAGS = (
    "a abbr article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt"
    " rtc ruby s samp section small span strong sub summary sup table tbody td tfoot th thead time tr u ul"
    " var wbr"
)
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed", "type"},
    "details": {"open"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_BESIDE = re.compile(r"([^:/\\\s?#]*)(#[^\s]*)?")  # a chapter, and a place in it
_PICTURE = re.compile(r"\.\./file/([^:\\\s?#]+)")


def cleaned(html: bytes, base: str) -> str:
    """A fragment, whose links are whole paths below `base`, that of the book. Blocking: about a second for
    5 MB."""

    def kept(_tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href" and (found := _BESIDE.fullmatch(value)):
            return _below(f"{base}/text/", found[1], found[2] or "")
        if attribute == "src" and (found := _PICTURE.fullmatch(value)):
            return _below(f"{base}/file/", found[1], "")
        return value if attribute not in ("href", "src") else None

    cleaner = nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        link_rel=None,
        url_schemes=set(),
    )
    return cleaner.clean(html[:CHAPTER_BYTES_MAX].decode("utf-8", errors="replace"))


def _below(folder: str, path: str, within: str) -> str | None:
    """None: it would climb out, in whatever spelling."""
    if not path:
        return within or None
    parts = unquote(path).split("/")
    if any(part in ("", ".", "..") for part in parts):
        return None
    return f"{folder}{'/'.join(quote(part, safe='') for part in parts)}{within}"
