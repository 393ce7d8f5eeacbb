"""Books for the reader's tests, and who looks into them: in memory, honest, and not limited.

What is really limited, and really looks into files, is tested where it is made (tests/books).
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from satchel.core.library.item import Direction
from satchel.core.library.kinds import Kind
from satchel.errors import NothingToDo
from satchel.ports.books import Chapter, Facts, OpenBook, Opener, Resource
from satchel.ports.library import Passage, Readable
from satchel.web.reading import ShownBook, ShownPart


class Bytes:
    """A Readable."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.is_closed = False

    @property
    def size_bytes(self) -> int:
        return len(self._content)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        piece = self._content[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Looked:
    """An OpenBook."""

    chapters: Sequence[Chapter]
    resources: Mapping[str, Resource]
    content: Readable
    is_closed: bool = False

    def outline(self) -> Sequence[Chapter]:
        return self.chapters

    def fetch(self, path: str) -> Resource:
        if path not in self.resources:
            raise NothingToDo("Nothing is there in this book.")
        return self.resources[path]

    def close(self) -> None:
        self.is_closed = True
        self.content.close()


@dataclass
class Looker(Opener):
    """What it finds in any book."""

    chapters: Sequence[Chapter] = ()
    resources: Mapping[str, Resource] = field(default_factory=dict)
    opened: list[Looked] = field(default_factory=list)

    def examine(self, content: Readable, name: str) -> Iterator[Facts | Passage]:
        raise AssertionError("nothing of this is asked of a reader")

    def open(self, content: Readable, kind: Kind) -> OpenBook:
        self.opened.append(Looked(self.chapters, self.resources, content))
        return self.opened[-1]

    def close(self) -> None:
        pass


def shown(
    kind: Kind,
    content: bytes,
    media_type: str,
    *,
    title: str = "Stones",
    languages: tuple[str, ...] = ("en",),
    direction: Direction | None = None,
    pages: int | None = None,
) -> ShownBook:
    return ShownBook(
        kind=kind,
        title=title,
        parts=(ShownPart(media_type=media_type, size_bytes=len(content), read=lambda: Bytes(content)),),
        languages=languages,
        direction=direction,
        pages=pages,
    )


def epub(
    chapters: Mapping[str, str],
    *,
    title: str = "Stones",
    language: str = "en",
    direction: str = "ltr",
    style: str = "",
    layout: str = "reflowable",
    besides: Mapping[str, bytes] | None = None,
) -> bytes:
    """A small EPUB 3. `chapters`: title -> what stands in the body."""
    made = io.BytesIO()
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names)
    )
    lines = "".join(
        f'<li><a href="{name}">{heading}</a></li>' for name, heading in zip(names, chapters, strict=True)
    )
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
            '<rootfile full-path="o/book.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        archive.writestr(
            "o/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i"><metadata'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:x:1</dc:identifier>'
            f"<dc:title>{title}</dc:title><dc:language>{language}</dc:language>"
            f'<meta property="rendition:layout">{layout}</meta></metadata><manifest>'
            '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
            f'<item id="css" href="s.css" media-type="text/css"/>{items}</manifest>'
            f'<spine page-progression-direction="{direction}">'
            + "".join(f'<itemref idref="c{n}"/>' for n in range(len(names)))
            + "</spine></package>",
        )
        archive.writestr("o/s.css", style)
        archive.writestr(
            "o/nav.xhtml", _page(language, "nav", f'<nav epub:type="toc"><ol>{lines}</ol></nav>')
        )
        for name, (heading, body) in zip(names, chapters.items(), strict=True):
            archive.writestr(f"o/{name}", _page(language, heading, body))
        for name, data in (besides or {}).items():
            archive.writestr(f"o/{name}", data)
    return made.getvalue()


def _page(language: str, heading: str, body: str) -> str:
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
        f' xml:lang="{language}" lang="{language}"><head><title>{heading}</title>'
        f'<link rel="stylesheet" href="s.css"/></head><body>{body}</body></html>'
    )
