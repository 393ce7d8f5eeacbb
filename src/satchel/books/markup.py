"""XML and HTML of books: read without entities, as words, and as HTML in which nothing acts.

In the limited process alone. Spec: docs/spec/books.md, 8.
"""

import html
import html.entities
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import nh3
from lxml import etree

from satchel.books.decoding import decode
from satchel.books.unfit import Why, unfit
from satchel.core.library.item import Direction

PAGE_BYTES_MAX = 8 << 20  # of one page: what follows is left out
XML_BYTES_MAX = 8 << 20
ID_PREFIX = "b-"  # nothing of a book has the name of something of the page around it
SENT_AS = "text/html; charset=utf-8"

_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_PROLOGUE = re.compile(
    r"\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)?", re.DOTALL
)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NO_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")

_ADDED_TAGS = {"main", "rb", "section", "tfoot"}
_TAGS = (nh3.ALLOWED_TAGS | _ADDED_TAGS) - {"area", "map"}
_GONE_WITH_CONTENT = {
    *("script", "style", "title", "template", "noscript", "noembed", "noframes", "iframe", "object", "embed"),
    *("svg", "select", "textarea", "button", "audio", "video", "canvas", "xmp", "plaintext"),
}
_ATTRIBUTES = {
    "*": {"dir", "lang", "id", "class", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "time": {"datetime"},
    "details": {"open"},
}
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details"),
        *("div", "dl", "dt", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    }
)
_XML = "{http://www.w3.org/XML/1998/namespace}"
_SILENT = frozenset({"script", "style", "title", "head", "rt", "rp", "template", "noscript", "svg", "iframe"})
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3}

# (what it is said to be at, is it a picture) -> what stands there instead; None: nothing
Rewrite = Callable[[str, bool], str | None]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a heading."""

    text: str
    level: int | None = None  # of a heading: 1 to 3


def parse_xml(content: bytes) -> etree._Element:
    """Raises UnfitBook: no XML, or one with entities of its own, which are made for traps only."""
    if len(content) > XML_BYTES_MAX:
        raise unfit(Why.TOO_MUCH)
    text = _NO_CHARACTERS.sub("", decode(content, is_markup=True))
    if _ENTITY.search(text):
        raise unfit(Why.TOO_MUCH)
    text = _NAMED.sub(_character, text[_prologue_end(text) :])
    root = None
    for recover in (False, True):
        try:
            root = etree.fromstring(text, _xml_parser(recover=recover))
        except (etree.XMLSyntaxError, ValueError):
            root = None
        if root is not None:
            return root
    raise unfit(Why.DAMAGED)


def parse_page(content: bytes, *, is_xml: bool = False) -> etree._Element:
    """A whole page, its tags without namespaces. Raises UnfitBook: there is nothing in it."""
    content = content[:PAGE_BYTES_MAX]
    text = _NO_CHARACTERS.sub("", decode(content, is_markup=True))
    root = None
    if is_xml and not _ENTITY.search(text):
        try:
            inner = _NAMED.sub(_character, text[_prologue_end(text) :])
            root = etree.fromstring(inner, _xml_parser(recover=False))
        except (etree.XMLSyntaxError, ValueError):
            root = None  # most of what is broken as XML is good enough as HTML
    if root is None:
        parser = etree.HTMLParser(
            recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
        )
        try:
            root = etree.fromstring(text[_prologue_end(text) :], parser)
        except (etree.XMLSyntaxError, ValueError, AssertionError) as exc:
            raise unfit(Why.EMPTY) from exc
    if root is None:
        raise unfit(Why.EMPTY)
    _without_namespaces(root)
    return root


def as_html(root: etree._Element) -> str:
    """What stands in its body, in its language and direction, as HTML that is not clean yet."""
    body = root.find("body")
    part = root if body is None else body
    part.tag = "div"
    for name in ("dir", "lang"):
        said = part.get(name) or root.get(name) or part.get(f"{_XML}{name}") or root.get(f"{_XML}{name}")
        if said:
            part.set(name, said)
    return etree.tostring(part, method="html", encoding="unicode", with_tail=False)


def cleaned(markup: str, rewrite: Rewrite) -> str:
    """HTML without anything that acts, loads from elsewhere, or has a style. Links are those of `rewrite`."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name in ("href", "src"):
            return rewrite(value.strip(), tag == "img")
        if name == "class":
            return " ".join(ID_PREFIX + one for one in value.split()[:16])
        if name == "dir":
            return value.lower() if value.lower() in ("ltr", "rtl", "auto") else None
        return value

    return nh3.clean(
        markup,
        tags=_TAGS,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        link_rel=None,
        url_schemes=set(),
        id_prefix=ID_PREFIX,
    )


def fragment(name: str) -> str:
    """The end of a link to what has this id."""
    return f"#{quote(ID_PREFIX + name, safe='')}" if name else ""


def blocks(root: etree._Element) -> Iterator[Block]:
    """What is read, in its order: without what stands above letters (ruby), or is hidden."""
    parts: list[str] = []
    level: int | None = None
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        is_silent = not tag or tag in _SILENT
        if event == "start" and is_silent:
            walk.skip_subtree()
            continue
        if tag in _BLOCKS:
            text = _SPACES.sub(" ", "".join(parts)).strip()
            if text:
                yield Block(text, level)
            parts, level = [], _HEADINGS.get(tag) if event == "start" else None
        parts.append((element.text if event == "start" else element.tail) or "")
    text = _SPACES.sub(" ", "".join(parts)).strip()
    if text:
        yield Block(text, level)


def declared_direction(root: etree._Element) -> Direction | None:
    """Of the page or its body."""
    for element in (root, root.find("body")):
        said = "" if element is None else (element.get("dir") or "").lower()
        if said in ("ltr", "rtl"):
            return Direction.RIGHT_TO_LEFT if said == "rtl" else Direction.LEFT_TO_RIGHT
    return None


def direction_of(text: str) -> Direction | None:
    """By the first letter that has one (Unicode Bidirectional Algorithm, P2)."""
    for character in text[:65_536]:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return Direction.RIGHT_TO_LEFT
        if kind == "L":
            return Direction.LEFT_TO_RIGHT
    return None


def text_in(element: etree._Element | None) -> str:
    """All text within, as one line."""
    if element is None:
        return ""
    return _SPACES.sub(" ", "".join(str(part) for part in element.itertext())).strip()


def local(element: etree._Element) -> str:
    """The name of its tag, in small letters and without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _without_namespaces(root: etree._Element) -> None:
    for element in root.iter(etree.Element):
        name = local(element)
        if name == "image":  # a picture in an SVG: mostly the whole page, of a cover
            source = element.get("{http://www.w3.org/1999/xlink}href") or element.get("href") or ""
            _before_drawing(element, source)
        element.tag = name if re.fullmatch(r"[a-z][a-z0-9-]*", name) else "span"


def _before_drawing(image: etree._Element, source: str) -> None:
    """The drawing goes; the picture in it stays, in its place."""
    drawing = next((one for one in image.iterancestors() if local(one) == "svg"), None)
    if drawing is not None and drawing.getparent() is not None and source:
        picture = etree.Element("img", src=source, alt=image.get("title") or "")
        drawing.addprevious(picture)


def _xml_parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _prologue_end(text: str) -> int:
    """What stands before the first tag is not read: neither an encoding, nor a document type."""
    match = _PROLOGUE.match(text)
    return match.end() if match else 0


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name in _XML_NAMES:
        return match[0]
    return html.escape(html.unescape(match[0])) if f"{name};" in html.entities.html5 else ""
