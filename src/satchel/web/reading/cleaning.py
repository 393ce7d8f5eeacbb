"""Text of a book, once more made harmless on its way to a browser.

The limited process has cleaned it already; but a book may have taken that process over, so nothing that it
says is trusted (B1). What is left is text with its direction, its language and its pictures, and links that
stay in the book. No address of another place is left in it: a policy stops what is fetched, and not what a
person clicks, nor names that a browser looks up ahead.
"""

import re

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
# A chapter beside this one, or a place in it; a picture of the same book. Neither can lead out: no scheme, no
# host, no way upwards but the one.
_BESIDE = re.compile(r"(?![./\\])[^:/\\\s?#]*(#[^\s]*)?")
_PICTURE = re.compile(r"\.\./file/(?!\.)(?:[^:\\\s?#](?!/\.))*")


def cleaned(html: bytes) -> str:
    """A fragment. Blocking: about a second for 5 MB."""
    cleaner = nh3.Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        link_rel=None,
        url_schemes=set(),
    )
    return cleaner.clean(html[:CHAPTER_BYTES_MAX].decode("utf-8", errors="replace"))


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if _BESIDE.fullmatch(value) else None
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    return value
