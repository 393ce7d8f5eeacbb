"""Books that are traps, and the parts to make them of."""

import io
import struct
import zipfile
import zlib

from books.epub_maker import make_epub, zipped

CONTAINER = (
    b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    b'<rootfile full-path="p.opf"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata>%s</metadata><manifest>%s<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine>%s<itemref idref="c"/></spine></package>"""
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {n} "{f"&{before};" * 30}">' for before, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def book(
    page: bytes = b"<html><body><p>Once.</p></body></html>",
    *,
    package: str = PACKAGE % ("<dc:title>T</dc:title>", "", ""),
    more: dict[str, bytes] | None = None,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """An EPUB of one page."""
    files = {"META-INF/container.xml": CONTAINER, "p.opf": package.encode(), "c.xhtml": page}
    return zipped(files | (more or {}), method)


def entry_of_ratio(size_bytes: int) -> bytes:
    """One entry that becomes so large."""
    return book(more={"bomb": bytes(size_bytes)})


def many_entries(count: int) -> bytes:
    out = io.BytesIO(make_epub())
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    return out.getvalue()


def overlapping(count: int) -> bytes:
    """Every entry of the directory is the same bytes of the file."""
    whole = make_epub()
    end = whole.rindex(b"PK\x05\x06")
    start, size = struct.unpack_from("<I", whole, end + 16)[0], struct.unpack_from("<I", whole, end + 12)[0]
    content = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = content.compress(b"x" * 1_000_000) + content.flush()
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(data), 1_000_000, 1, 0) + b"k" + data
    )
    directory = whole[start : start + size]
    for number in range(count):
        name = f"k{number}".encode()
        directory += struct.pack(
            "<4s6H3I5H2I",
            *(b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(data), 1_000_000, len(name), 0, 0, 0, 0, 0, start),
        )
        directory += name
    total = struct.unpack_from("<H", whole, end + 10)[0] + count
    place = start + len(local)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, total, total, len(directory), place, 0)
    return whole[:start] + local + directory + last


def lying_end(entries: int, directory_bytes: int) -> bytes:
    """The end record says that the directory has more than there is."""
    whole = bytearray(make_epub())
    struct.pack_into("<HHI", whole, whole.rindex(b"PK\x05\x06") + 8, entries, entries, directory_bytes)
    return bytes(whole)


def longer_in_zip64(entries: int) -> bytes:
    """Few by the end record, many by the one of large archives before it."""
    whole = make_epub()
    at = whole.rindex(b"PK\x05\x06")
    size, start = struct.unpack_from("<II", whole, at + 12)
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, start)
    return whole[:at] + end64 + struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1) + whole[at:]


def nested(depth: int) -> bytes:
    """An archive in an archive in an archive: only a file of a name to whoever opens the outer one."""
    inner = b"\0" * 1_000_000
    for _ in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", inner)
        inner = out.getvalue()
    return book(more={"inner.zip": inner})


def named(*names: str) -> bytes:
    """Entries of these names beside a book."""
    out = io.BytesIO(make_epub())
    with zipfile.ZipFile(out, "a") as archive:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name  # past what zipfile makes of it
            archive.writestr(info, b"secret")
    return out.getvalue()
