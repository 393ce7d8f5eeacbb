"""PDF, by PDFium: what it says of itself, the text and the pictures of its pages. Spec:
docs/spec/pictures-and-sound.md, 2.

PDFium is large, and written in C++: it reads what strangers wrote in a limited process alone (B1). No form is
filled in, no script of a document runs, no attachment is opened.
"""

import ctypes
import logging
import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, TypeVar

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from satchel.books import effort
from satchel.books.formats import pictures
from satchel.books.languages import tags_of
from satchel.books.markup import SENT_AS
from satchel.books.numbered import numbered
from satchel.books.passages import passages_of
from satchel.books.unfit import Why, unfit
from satchel.core.library.item import Direction, Heading
from satchel.core.library.kinds import PDF_TYPE
from satchel.errors import NothingToDo
from satchel.ports.books import COVER_PIXELS_MAX, Chapter, Facts, Opened, Resource
from satchel.ports.library import Passage

PAGES_MAX = 20_000  # that are looked into
PAGE_CHARACTERS_MAX = 100_000
PAGE_TEXT_BYTES_MAX = 256 << 10
TEXT_BYTES_MAX = 64 << 20
HEADINGS_MAX = 1000
DEPTH_MAX = 8
FAILURES_MAX = 100  # pages, one behind the other, that cannot be opened: then no other one will be
PAGE_PIXELS = (1200, 3600)  # width and height of a picture, at most
SCALE_MAX = 8.0  # dots for each unit of 1/72 inch
LANGUAGE_UNITS_MAX = 128
SAMPLE_PAGES = 20  # by which the direction is found, where it is not said

_ENDINGS = (
    ".doc",
    ".docx",
    ".dvi",
    ".tex",
    ".indd",
    ".qxd",
    ".rtf",
    ".odt",
    ".pdf",
    ".ps",
    ".pub",
    ".ppt",
    ".pptx",
)
_SENTENCE_ENDS = (".", "!", "?", ":", "؟", "۔", "。", "！", "？", "…", "।", "።", "»", "”")
_T = TypeVar("_T")


def examine(file: BinaryIO, _name: str) -> Iterator[Facts | Passage]:
    """As ports.books.Format."""
    document = Document(file)
    outline = document.outline()
    yield Facts(
        media_type=PDF_TYPE,
        title=_title(document.said("Title")),
        authors=_parts(document.said("Author"), ";"),
        languages=tags_of([document.language()]),
        direction=document.direction(),
        subjects=_parts(f"{document.said('Subject')};{document.said('Keywords').replace(',', ';')}", ";"),
        pages=document.pages,
        contents=tuple(Heading(depth=one.depth, title=one.title) for one in outline),
        cover=document.cover(),
    )
    headings = {one.place: one.title for one in reversed(outline)}
    left, spent = TEXT_BYTES_MAX, effort.Effort()
    for number, text in document.texts():
        yield from passages_of(
            str(number), headings.get(str(number), ""), text, bytes_max=min(left, PAGE_TEXT_BYTES_MAX)
        )
        left -= len(text.encode("utf-8", "replace"))
        if left <= 0 or spent.is_above(effort.EXAMINING_CPU_S):
            return


def open(file: BinaryIO) -> Opened:
    """As ports.books.Format."""
    return OpenedPdf(Document(file))


def prepare() -> None:
    """Load what is loaded when it is first needed; and nothing is written about what it stumbles over."""
    logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)
    pictures.prepare()
    empty = pypdfium2.PdfDocument.new()
    empty.new_page(72, 72)
    out = BytesIO()
    empty.save(out)
    document = Document(out)
    document.cover()
    document.text(1)
    document.said("Title")
    document.language()
    document.outline()


@dataclass(frozen=True, slots=True)
class _Whole:
    """A file that gives all that is asked for, if it is there: PDFium takes less for an error."""

    file: BinaryIO = field(repr=False)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def readinto(self, buffer: "ctypes.Array[Any]") -> int:
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            data = self.file.read(min(len(view) - done, 1 << 20))
            if not data:
                break
            view[done : done + len(data)] = data
            done += len(data)
        return done


class Document:
    """What is read of a PDF. Pages count from 1."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises UnfitBook."""
        pdfium.FPDF_LoadMemDocument(b"", 0, None)  # else the error below might be that of another document
        try:
            self._pdf: Any = pypdfium2.PdfDocument(_Whole(file))
            self.pages: int = len(self._pdf)
        except pypdfium2.PdfiumError as exc:
            locked = getattr(exc, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
            raise unfit(Why.LOCKED if locked else Why.DAMAGED) from exc
        if self.pages < 1:
            raise unfit(Why.EMPTY)

    def said(self, key: str) -> str:
        """What it says of itself; empty: nothing."""
        return _or_else("", lambda: " ".join(str(self._pdf.get_metadata_value(key)).split()))

    def language(self) -> str:
        buffer = (ctypes.c_ushort * LANGUAGE_UNITS_MAX)()
        wanted = pdfium.FPDFCatalog_GetLanguage(self._pdf, buffer, LANGUAGE_UNITS_MAX)
        if not 1 < wanted <= LANGUAGE_UNITS_MAX:
            return ""
        return bytes(memoryview(buffer).cast("B")).decode("utf-16-le", "replace").partition("\0")[0]

    def direction(self) -> Direction | None:
        """As it says; or that of most letters on its first pages."""
        name = ctypes.create_string_buffer(8)
        pdfium.FPDF_VIEWERREF_GetName(self._pdf, b"Direction\0", name, 8)
        if name.value in (b"R2L", b"L2R"):
            return Direction.RIGHT_TO_LEFT if name.value == b"R2L" else Direction.LEFT_TO_RIGHT
        balance = 0
        for number in range(1, min(self.pages, SAMPLE_PAGES) + 1):
            kinds = [unicodedata.bidirectional(letter) for letter in self.text(number)[:4000]]
            balance += kinds.count("L") - kinds.count("R") - kinds.count("AL")
        if not balance:
            return None
        return Direction.LEFT_TO_RIGHT if balance > 0 else Direction.RIGHT_TO_LEFT

    def outline(self) -> Sequence[Chapter]:
        """The first headings, each with the page it leads to."""
        found = []
        for mark in islice(self._marks(), HEADINGS_MAX):
            title = _or_else("", lambda mark=mark: " ".join(str(mark.get_title()).split()))  # type: ignore[misc]
            index = _or_else(None, lambda mark=mark: mark.get_dest().get_index())  # type: ignore[misc]
            if title and index is not None and 0 <= index < self.pages:
                found.append(Chapter(place=str(index + 1), title=title, depth=mark.level))
        return found

    def text(self, number: int) -> str:
        """Of one page; empty: it has none, or cannot be opened."""
        return self._text(number) or ""

    def texts(self) -> Iterator[tuple[int, str]]:
        """Of all pages that have one. Raises UnfitBook: none of the first of them can be opened."""
        failures = 0
        for number in range(1, min(self.pages, PAGES_MAX) + 1):
            text = self._text(number)
            if text:
                yield number, text
            failures = failures + 1 if text is None else 0
            if failures == min(self.pages, FAILURES_MAX):
                if number == failures:
                    raise unfit(Why.DAMAGED)
                return

    def cover(self) -> bytes | None:
        return _or_else(None, lambda: pictures.cover_of(self._drawn(1, 2 * COVER_PIXELS_MAX[0], 640)))

    def picture(self, number: int) -> bytes:
        """JPEG. Raises UnfitBook: it cannot be drawn."""
        drawn = _or_else(None, lambda: pictures.page_of(self._drawn(number, *PAGE_PIXELS)))
        if drawn is None:
            raise unfit(Why.DAMAGED)
        return drawn

    def _marks(self) -> Iterator[Any]:
        marks = self._pdf.get_toc(max_depth=DEPTH_MAX)
        while True:
            mark = _or_else(None, lambda: next(marks, None))
            if mark is None:
                return
            yield mark

    def _text(self, number: int) -> str | None:
        """None: the page cannot be opened."""

        def read() -> str:
            page = self._pdf[number - 1]
            try:
                words = page.get_textpage()
                try:
                    count = min(words.count_chars(), PAGE_CHARACTERS_MAX)
                    return _joined(words.get_text_range(0, count)) if count > 0 else ""
                finally:
                    words.close()
            finally:
                page.close()

        return _or_else(None, read)

    def _drawn(self, number: int, width_max: int, height_max: int) -> Any:
        page = self._pdf[number - 1]
        try:
            width, height = page.get_size()
            if not (0 < width < math.inf and 0 < height < math.inf):
                raise ValueError("a page of no size")
            scale = min(width_max / width, height_max / height, SCALE_MAX)
            bitmap = page.render(
                scale=scale, may_draw_forms=False, rev_byteorder=True, limit_image_cache=True
            )
            try:
                return bitmap.to_pil().convert("RGB")
            finally:
                bitmap.close()
        finally:
            page.close()


class OpenedPdf:
    """As ports.books.Opened."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def outline(self) -> Sequence[Chapter]:
        return self._document.outline()

    def fetch(self, path: str) -> Resource:
        """`page/NUMBER`, `chapter/NUMBER` and `cover`."""
        if path == "cover":
            cover = self._document.cover()
            if cover is not None:
                return Resource(media_type="image/jpeg", body=cover)
        drawn = numbered(path, "page", self._document.pages)
        if drawn is not None:
            return Resource(media_type="image/jpeg", body=self._document.picture(drawn))
        read = numbered(path, "chapter", self._document.pages)
        if read is not None:
            body = as_html(self._document.text(read)).encode("utf-8", "replace")
            return Resource(media_type=SENT_AS, body=body)
        raise NothingToDo("There is nothing at this place of the book.")


def as_html(text: str) -> str:
    """Paragraphs of lines: a PDF knows where a line ends, and not why."""
    lines = text.splitlines()
    longest = max(map(len, lines), default=0)
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        paragraphs[-1].append(line)
        is_short = len(line) < longest * 0.8
        if is_short and (line.endswith(_SENTENCE_ENDS) or len(line) < longest * 0.5):
            paragraphs.append([])
    return "\n".join(f'<p dir="auto">{escape(" ".join(one))}</p>' for one in paragraphs if one)


def _joined(text: str) -> str:
    """Its lines, with words whole that were broken between two of them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for mark in ("\ufffe", "\x02", "\xad"):  # as PDFium writes a hyphen at the end of a line
        text = text.replace(f"{mark}\n", "").replace(mark, "")
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _title(said: str) -> str | None:
    """None also where it is the name of a file that it was made from."""
    said = said.removeprefix("Microsoft Word - ").removeprefix("Microsoft PowerPoint - ").strip()
    is_name = said.lower().endswith(_ENDINGS) or said.lower() in ("untitled", "title")
    return None if is_name or not said else said


def _parts(said: str, separator: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in said[:8192].split(separator) if part.strip()))


def _or_else(otherwise: _T, read: Callable[[], _T]) -> _T:
    """Of one page, or one word, that is broken: the rest of the book is still there."""
    try:
        return read()
    except (
        pypdfium2.PdfiumError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,  # also RecursionError
        TypeError,
        ValueError,
    ):
        return otherwise
