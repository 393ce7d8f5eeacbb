"""Writes EPUB 2 and 3: the same texts, the same bytes. What it writes has no faults (EPUBCheck)."""

import io
import uuid
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

Chapters = Sequence[tuple[str, Sequence[str]]]  # title and paragraphs of each

_WRITTEN = (2026, 1, 1, 0, 0, 0)
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>\n"
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_DOCTYPES = {
    2: '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">\n',
    3: "<!DOCTYPE html>\n",
}


def make_epub(
    *,
    title: str = "A book",
    authors: Sequence[str] = ("Somebody",),
    language: str = "en",
    direction: str | None = None,
    chapters: Chapters = (("One", ["Once."]),),
    cover: bytes | None = None,
    subjects: Sequence[str] = (),
    version: int = 3,
) -> bytes:
    """A whole book.

    Args:
        direction: "ltr" or "rtl", of its pages and its texts; None: not said.
        cover: JPEG.
        version: 2 or 3.
    """
    files = {
        "META-INF/container.xml": _CONTAINER,
        "OEBPS/content.opf": _package(
            title, authors, language, direction, len(chapters), cover is not None, subjects, version
        ),
        "OEBPS/toc.ncx" if version == 2 else "OEBPS/nav.xhtml": _ncx(title, authors, language, chapters)
        if version == 2
        else _nav(title, language, direction, chapters),
    }
    for number, (heading, paragraphs) in enumerate(chapters, start=1):
        body = "".join(f"<p>{escape(one)}</p>\n" for one in paragraphs)
        inner = f"<h1>{escape(heading)}</h1>\n{body}"
        files[f"OEBPS/chapter{number}.xhtml"] = _page(heading, language, direction, inner, version)
    binary = {"OEBPS/cover.jpg": cover} if cover is not None else {}
    return zipped({name: text.encode() for name, text in files.items()} | binary)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Any files as an EPUB container: its mimetype first, as it stands."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", _WRITTEN), b"application/epub+zip")
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _WRITTEN)
            info.compress_type = method
            archive.writestr(info, content)
    return out.getvalue()


def identifier(title: str, authors: Sequence[str]) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([title, *authors])).urn


def _package(
    title: str,
    authors: Sequence[str],
    language: str,
    direction: str | None,
    count: int,
    has_cover: bool,
    subjects: Sequence[str],
    version: int,
) -> str:
    about = f'<dc:identifier id="id">{identifier(title, authors)}</dc:identifier>'
    about += f"<dc:title>{escape(title)}</dc:title><dc:language>{escape(language)}</dc:language>"
    about += "".join(f"<dc:creator>{escape(one)}</dc:creator>" for one in authors)
    about += "".join(f"<dc:subject>{escape(one)}</dc:subject>" for one in subjects)
    items = "".join(
        f'<item id="c{n}" href="chapter{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(1, count + 1)
    )
    if version == 3:
        about += '<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta>'
        items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    else:
        items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    if has_cover:
        properties = ' properties="cover-image"' if version == 3 else ""
        items += f'<item id="cover" href="cover.jpg" media-type="image/jpeg"{properties}/>'
        about += '<meta name="cover" content="cover"/>' if version == 2 else ""
    spine = ' toc="ncx"' if version == 2 else ""
    if version == 3 and direction is not None:
        spine += f' page-progression-direction="{direction}"'
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(1, count + 1))
    return (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="{version}.0" unique-identifier="id">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{about}</metadata>'
        f"<manifest>{items}</manifest><spine{spine}>{order}</spine></package>\n"
    )


def _page(title: str, language: str, direction: str | None, inner: str, version: int) -> str:
    tag = quoteattr(language)
    attributes = f"xml:lang={tag}" + (f" lang={tag}" if version == 3 else "")
    if direction is not None:
        attributes += f' dir="{direction}"'
    return (
        f'{_XML}{_DOCTYPES[version]}<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" {attributes}>'.replace(
            ' xmlns:epub="http://www.idpf.org/2007/ops"' if version == 2 else "\0", ""
        )
        + f"<head><title>{escape(title)}</title></head>\n<body>\n{inner}</body></html>\n"
    )


def _nav(title: str, language: str, direction: str | None, chapters: Chapters) -> str:
    lines = "".join(
        f'<li><a href="chapter{n}.xhtml">{escape(heading)}</a></li>'
        for n, (heading, _) in enumerate(chapters, start=1)
    )
    inner = f'<nav epub:type="toc"><ol>{lines}</ol></nav>\n'
    return _page(title, language, direction, inner, 3)


def _ncx(title: str, authors: Sequence[str], language: str, chapters: Chapters) -> str:
    points = "".join(
        f'<navPoint id="p{n}" playOrder="{n}"><navLabel><text>{escape(heading)}</text></navLabel>'
        f'<content src="chapter{n}.xhtml"/></navPoint>'
        for n, (heading, _) in enumerate(chapters, start=1)
    )
    return (
        f'{_XML}<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" '
        f"xml:lang={quoteattr(language)}><head>"
        f'<meta name="dtb:uid" content="{identifier(title, authors)}"/>'
        '<meta name="dtb:depth" content="1"/><meta name="dtb:totalPageCount" content="0"/>'
        '<meta name="dtb:maxPageNumber" content="0"/></head>'
        f"<docTitle><text>{escape(title)}</text></docTitle><navMap>{points}</navMap></ncx>\n"
    )
