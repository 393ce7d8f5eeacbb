"""PDF: what it says of itself, what is found in it, its pages as pictures and as text; and none of it without
a bound (B1)."""

import io
import time

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from books.pdf_maker import document, pages, stream
from satchel.books import effort
from satchel.books.formats import pdf
from satchel.books.unfit import Why, why_of
from satchel.core.library.item import Direction
from satchel.errors import NothingToDo, UnfitBook
from satchel.ports.books import COVER_PIXELS_MAX, Facts, Opened
from satchel.ports.library import PASSAGE_BYTES_MAX, Passage


@pytest.fixture(autouse=True)
def _prepared() -> None:
    pdf.prepare()


def examined(data: bytes) -> tuple[Facts, list[Passage]]:
    facts, *passages = pdf.examine(io.BytesIO(data), "book.pdf")
    assert isinstance(facts, Facts)
    assert all(isinstance(one, Passage) for one in passages)
    return facts, [one for one in passages if isinstance(one, Passage)]


def opened(data: bytes) -> Opened:
    return pdf.open(io.BytesIO(data))


def refused(data: bytes) -> Why:
    with pytest.raises(UnfitBook) as examining:
        examined(data)
    with pytest.raises(UnfitBook) as opening:
        opened(data).fetch("page/1")
    assert why_of(examining.value) is why_of(opening.value)
    return why_of(examining.value)


BOOK = pages(
    ["First page\nof this book.", "Second page", "", "Fourth page"],
    catalogue="/Lang(ar-EG)/ViewerPreferences<</Direction/L2R>>",
    info={
        "Title": "كتاب الحروف",
        "Author": "Amina; Бьянка",
        "Subject": "Letters",
        "Keywords": "alphabet, reading; letters",
    },
    outline=[("الباب الأول", 0), ("Chapter 2", 1), ("nowhere", 99), ("Chapter 3", 3)],
)


def test_what_it_says_of_itself() -> None:
    facts, _ = examined(BOOK)
    assert facts.media_type == "application/pdf"
    assert facts.title == "كتاب الحروف"
    assert facts.authors == ("Amina", "Бьянка")
    assert facts.languages == ("ar-EG",)
    assert facts.subjects == ("Letters", "alphabet", "reading", "letters")
    assert facts.pages == 4
    assert facts.direction is Direction.LEFT_TO_RIGHT
    assert [one.title for one in facts.contents] == ["الباب الأول", "Chapter 2", "Chapter 3"]
    assert facts.cover is not None
    cover = Image.open(io.BytesIO(facts.cover), formats=["JPEG"])
    assert cover.width <= COVER_PIXELS_MAX[0]
    assert cover.height <= COVER_PIXELS_MAX[1]
    assert max(cover.width / COVER_PIXELS_MAX[0], cover.height / COVER_PIXELS_MAX[1]) == 1


def test_text_is_found_on_its_page() -> None:
    _, passages = examined(BOOK)
    assert [(one.place, one.heading, one.text) for one in passages] == [
        ("1", "الباب الأول", "First page\nof this book."),
        ("2", "Chapter 2", "Second page"),
        ("4", "Chapter 3", "Fourth page"),
    ]
    assert "second" in passages[1].words.split()
    assert "chapter" in passages[1].words.split()


def test_a_page_is_a_picture_and_a_text() -> None:
    book = opened(BOOK)
    page = book.fetch("page/1")
    assert page.media_type == "image/jpeg"
    picture = Image.open(io.BytesIO(page.body), formats=["JPEG"])
    assert picture.width == 1200
    assert len(set(picture.convert("L").tobytes())) > 2  # something is drawn
    assert book.fetch("chapter/2").body == b'<p dir="auto">Second page</p>'
    assert book.fetch("chapter/3").body == b""
    assert book.fetch("cover").media_type == "image/jpeg"
    assert [(one.place, one.title) for one in book.outline()][1:] == [("2", "Chapter 2"), ("4", "Chapter 3")]


@pytest.mark.parametrize(
    "path",
    ["page/0", "page/5", "page/-1", "page/1/2", "page/", "page/٣", "page/99999999999", "file/1", "", "page"],
)
def test_there_is_nothing_anywhere_else(path: str) -> None:
    with pytest.raises(NothingToDo):
        opened(BOOK).fetch(path)


def test_text_of_a_page_is_no_markup() -> None:
    book = opened(pages(["<script>alert\\(1\\)</script> & more"]))
    assert book.fetch("chapter/1").body == (
        b'<p dir="auto">&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</p>'
    )


def test_direction_is_that_of_most_letters_where_it_is_not_said() -> None:
    to_unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF> "
        "endcodespacerange 1 beginbfrange <41> <5A> <05D0> endbfrange endcmap end end"
    )
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    data = document(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
            stream("BT /F1 12 Tf 20 50 Td (ABCDEF GHIJ) Tj ET"),
            font,
            stream(to_unicode),
        ]
    )
    facts, passages = examined(data)
    assert facts.direction is Direction.RIGHT_TO_LEFT
    assert "\u05d0" in passages[0].text
    facts, _ = examined(pages(["Left to right"]))
    assert facts.direction is Direction.LEFT_TO_RIGHT
    facts, _ = examined(pages(["123"]))
    assert facts.direction is None


@pytest.mark.parametrize("title", ["Microsoft Word - thesis.doc", "untitled", "book.indd", "", "  "])
def test_the_name_of_its_source_is_no_title(title: str) -> None:
    facts, _ = examined(pages(["x"], info={"Title": title}))
    assert facts.title is None


def test_words_that_a_line_breaks_are_whole() -> None:
    _, passages = examined(pages(["some words are broken-\nup here"]))
    assert passages[0].text == "some words are brokenup here"


def test_a_slow_machine_finds_as_much_as_it_has_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "EXAMINING_CPU_S", -1.0)
    facts, passages = examined(BOOK)
    assert (facts.pages, len(passages)) == (4, 1)


def test_lines_become_paragraphs() -> None:
    text = pdf.as_html("A line that goes on and on\nand ends here.\nA line that goes on and on\n<end>")
    assert text == (
        '<p dir="auto">A line that goes on and on and ends here.</p>\n'
        '<p dir="auto">A line that goes on and on &lt;end&gt;</p>'
    )


def test_many_pages_and_headings_are_quick() -> None:
    started = time.process_time()
    facts, passages = examined(pages([f"Page {n}" for n in range(5000)], outline=[("x", 0)] * 5000))
    assert facts.pages == len(passages) == 5000
    assert len(facts.contents) == 1000
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "box",
    ["0 0 14400 14400", "0 0 1000000000 1", "0 0 1 14400", "0 0 0.001 0.001", "0 0 0 0", "5 5 1 1", "x"],
)
def test_pages_of_any_size_have_pictures_of_a_bounded_one(box: str) -> None:
    picture = Image.open(io.BytesIO(opened(pages(["x"], box=box)).fetch("page/1").body))
    assert picture.width <= 1200
    assert picture.height <= 3600


def test_a_long_text_is_cut_into_passages() -> None:
    words = "word " * 20
    _, passages = examined(pages(["\n".join([words] * 400)], box="0 0 2000 9000"))
    assert len(passages) > 2
    assert {one.place for one in passages} == {"1"}
    assert all(len(one.text.encode()) <= PASSAGE_BYTES_MAX for one in passages)
    assert sum(one.text.count("word") for one in passages) == 8000


def test_one_with_a_password_is_locked() -> None:
    locked = document(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            f"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<{'11' * 32}>/U<{'22' * 32}>>>",
        ],
        f"/Encrypt 4 0 R/ID[<{'33' * 16}><{'33' * 16}>]",
    )
    assert refused(locked) is Why.LOCKED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + bytes(4096),
        BOOK[:400],
        document(["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 3/Kids[2 0 R 2 0 R 2 0 R]>>"]),
        document(["<</Type/Catalog>>"]),
        document(["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 5/Kids[9 0 R]>>"]),
    ],
)
def test_damaged_ones_are_refused(data: bytes) -> None:
    assert refused(data) in (Why.DAMAGED, Why.EMPTY)


def test_a_tree_that_is_too_deep_or_a_circle_ends() -> None:
    depth = 20_000
    nodes = [f"<</Type/Pages/Count 1/Kids[{n + 1} 0 R]/Parent {n - 1} 0 R>>" for n in range(2, depth)]
    leaf = f"<</Type/Page/Parent {depth - 1} 0 R/MediaBox[0 0 9 9]>>"
    assert refused(document(["<</Type/Catalog/Pages 2 0 R>>", *nodes, leaf])) is Why.DAMAGED
    start = [
        "<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
        "<</First 5 0 R>>",
    ]
    circle = "<</Title(A)/Next 5 0 R/First 5 0 R/Dest[3 0 R /Fit]>>"
    assert len(examined(document([*start, circle]))[0].contents) == 1
    deep = [f"<</Title(D)/Parent {n - 1} 0 R/First {n + 1} 0 R/Dest[3 0 R /Fit]>>" for n in range(5, 5000)]
    assert len(examined(document([*start, *deep]))[0].contents) == pdf.DEPTH_MAX


def test_a_count_of_pages_that_is_a_lie_ends() -> None:
    started = time.process_time()
    examined(pages(["x"], count=1_000_000_000))
    assert time.process_time() - started < 5


def test_what_pdfium_writes_itself_is_read() -> None:
    made = pypdfium2.PdfDocument.new()
    for _ in range(3):
        made.new_page(300, 400)
    out = io.BytesIO()
    made.save(out)
    facts, passages = examined(out.getvalue())
    assert (facts.pages, passages) == (3, [])


def test_it_is_read_where_it_is_wanted_and_not_as_a_whole() -> None:
    class Watched(io.BytesIO):
        longest = total = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            Watched.longest, Watched.total = max(Watched.longest, len(data)), Watched.total + len(data)
            return data

    data = pages(["x"] * 2000)
    pdf.open(Watched(data)).fetch("chapter/1")
    assert Watched.longest < len(data) // 2
