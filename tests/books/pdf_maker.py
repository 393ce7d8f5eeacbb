"""PDF documents for the tests, byte for byte as ISO 32000-1 describes them."""

from collections.abc import Sequence

HELLO = "BT /F1 12 Tf 50 700 Td ({}) Tj ET"


def document(objects: Sequence[str | bytes], trailer: str = "") -> bytes:
    """Objects count from 1; the first is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + (one.encode() if isinstance(one, str) else one) + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def stream(body: str, more: str = "") -> bytes:
    encoded = body.encode("latin-1")
    return f"<</Length {len(encoded)}{more}>>stream\n".encode() + encoded + b"\nendstream"


def text_of(value: str) -> str:
    """A text string in UTF-16 (7.9.2.2)."""
    return f"<FEFF{value.encode('utf-16-be').hex()}>"


def pages(
    texts: Sequence[str],
    *,
    box: str = "0 0 595 842",
    catalogue: str = "",
    info: dict[str, str] | None = None,
    outline: Sequence[tuple[str, int]] = (),
    count: int | None = None,
) -> bytes:
    """A page for each text, of lines. `outline`: titles, and pages from 0."""
    first = 6
    mark = first + 2 * len(texts)
    kids = " ".join(f"{first + 2 * index} 0 R" for index in range(len(texts)))
    said = "".join(f"/{key} {text_of(value)}" for key, value in (info or {}).items())
    objects: list[str | bytes] = [
        f"<</Type/Catalog/Pages 2 0 R{'/Outlines 4 0 R' if outline else ''}{catalogue}>>",
        f"<</Type/Pages/Count {len(texts) if count is None else count}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        f"<</Type/Outlines/First {mark} 0 R/Last {mark + len(outline) - 1} 0 R>>",
        f"<<{said}>>",
    ]
    for index, text in enumerate(texts):
        lines = text.split("\n")
        shown = " 0 -14 Td ".join(f"({line}) Tj" for line in lines)
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {first + 2 * index + 1} 0 R>>"
        )
        objects.append(stream(f"BT /F1 12 Tf 50 700 Td {shown} ET"))
    for index, (title, page) in enumerate(outline):
        following = f"/Next {mark + index + 1} 0 R" if index < len(outline) - 1 else ""
        objects.append(
            f"<</Title {text_of(title)}/Parent 4 0 R/Dest[{first + 2 * page} 0 R /Fit]{following}>>"
        )
    return document(objects, "/Info 5 0 R")
