"""What others write is text on every page, in every language (G, T1; page 2.7, 4.4, 5)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.web.owner.rendering import render
from satchel.web.owner.speech import CODES, DEFAULT, NAMES
from web.page_kit import pages, usual_pages
from web.seen import Seen
from web.states import BASE, Said
from web.wording import PAGE

PARTS = {"layout.html", "parts.html", "book_parts.html"}
RIGHT_TO_LEFT = {"ar", "fa"}
TAGS = {code: code for code in CODES} | {"zh": "zh-Hans"}
JOINER = "\N{ZERO WIDTH NON-JOINER}"  # Persian is written with it
HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)><input value="',
    "' autofocus onfocus='alert(1)",
    "</bdi></p></textarea></template></title></main><!--",
    "&lt;b&gt;&#60;script&#62;",
    "photo\u202egnp.exe\u2066\u200f\u061c",
    "\x1b]0;title\x07\x1b[2J\r\x00\x85",
    "%(name)s %s %% {{ 7 * 7 }} {% raw %}",
    f"a{JOINER}b\ufeff\u2028c",
    "\ufffe\u3164\u0301" * 40,
    "javascript:alert(1)",
    "<b>" * 1_400,  # 4 kB
]
HOSTILE_PATHS = [*HOSTILE, "\udcff\udcc3(/<b>\udc80"]  # not UTF-8
BREAK_OUT = range(3)  # these: out of an element, and of an attribute in either quotes
SAID_IN = [
    (code, number)
    for code in CODES
    for number in (range(len(HOSTILE_PATHS)) if code == DEFAULT else BREAK_OUT)
]


def said(text: str) -> Said:
    """The same thing wherever others write; as they reach it: names in one line, never empty, no lone
    surrogates."""
    name = "".join(character for character in text if unicodedata.category(character) not in ("Cc", "Cs"))
    return Said(name=name or "-", path=text, text=text.encode("utf-8", "replace").decode())


def test_the_kit_has_every_template() -> None:
    assert {page.template for page in pages(Said())} | PARTS == {
        path.name for path in (PAGE / "templates").iterdir()
    }


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_its_language_and_direction(code: str) -> None:
    for page, seen in usual_pages(code):
        assert seen.said_of("html", "lang") == TAGS[code], page
        assert seen.said_of("html", "dir") == ("rtl" if code in RIGHT_TO_LEFT else "ltr"), page


@pytest.mark.parametrize("code", CODES)
def test_all_languages_make_the_same_page(code: str) -> None:
    """A translation adds no element and ends no attribute."""
    for (page, seen), (_, english) in zip(usual_pages(code), usual_pages("en"), strict=True):
        assert without_choice(seen) == without_choice(english), page


def without_choice(seen: Seen) -> list[tuple[str, tuple[str, ...]]]:
    """Which language is chosen is the one thing that differs."""
    return [(tag, tuple(name for name in names if name != "selected")) for tag, names in seen.elements]


@pytest.mark.parametrize(("code", "number"), SAID_IN)
def test_what_others_write_is_no_mark_up(code: str, number: int) -> None:
    """G: names of contacts and files, texts, and what an error repeats of them. In other languages the words
    around it are different, not how it is escaped."""
    for page, (usual_page, usual) in zip(pages(said(HOSTILE_PATHS[number])), usual_pages(code), strict=True):
        seen = Seen(page.shown(code))
        assert seen.elements == usual.elements, page
        assert str(page) == str(usual_page)


@given(st.text(min_size=1, max_size=100), st.sampled_from(CODES), st.integers(0, len(pages(Said())) - 1))
def test_no_text_is_mark_up(text: str, code: str, place: int) -> None:
    page, (_, usual) = pages(said(text))[place], usual_pages(code)[place]
    assert Seen(page.shown(code)).elements == usual.elements, page


@pytest.mark.parametrize("text", HOSTILE_PATHS, ids=range(len(HOSTILE_PATHS)))
def test_what_others_write_drives_nothing(text: str) -> None:
    """G: no bidi override, no control character; texts have joiners. A field in which a name is edited has it
    as it is: the browser isolates it."""
    for page in pages(said(text)):
        seen = Seen(page.shown("en"))
        shown = "".join([*seen.texts, *(said for _, name, said in seen.attributes if name != "value")])
        driving = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cf", "Cs")}
        assert driving <= set("\n\t\u200c\u200d\u200e\u200f\u061c"), (page, driving)


def test_what_others_write_is_there_to_be_read() -> None:
    """Escaped, not left out."""
    text = "<i>photo\u202egnp.exe"
    shown = [(page.template, Seen(page.shown("en")).text) for page in pages(said(text))]
    shows = {template for template, seen in shown if "<i>photo\\u{202e}gnp.exe" in seen}
    assert shows >= {"around.html", "people.html", "person.html", "waiting.html", "take.html", "errand.html"}
    assert shows >= {"library.html", "book.html", "shelf.html", "shelves.html", "guests.html", "aside.html"}


@pytest.mark.parametrize("code", CODES)
def test_no_name_of_others_stands_in_a_title_or_address(code: str) -> None:
    """T1 [2.7]: the browser keeps both in its history."""
    for page in pages(Said(name="Zubaida", path="Zubaida", text="Zubaida")):
        shown = page.shown(code)
        asks = page.fields.get("asks")
        title = f"({asks}) Satchel" if asks else "Satchel"
        assert f"<title>{title}</title>" in shown, page
        places = [said for _, name, said in Seen(shown).attributes if name in ("href", "action", "src")]
        assert places
        assert all(place.startswith((f"{BASE}/", "#")) for place in places), page
        assert not [place for place in places if "Zubaida" in place], page


def test_the_words_to_compare_say_their_language() -> None:
    """Not always that of the page; where it is not known they say none."""
    seen = [seen for page, seen in usual_pages("fr") if page.state.endswith(", words")]
    assert [
        [said for tag, name, said in one.attributes if (tag, name) == ("ol", "lang")] for one in seen
    ] == [
        ["zh-Hans"],
        [],
    ]


def test_each_language_is_offered_by_its_own_name() -> None:
    shown = render("welcome.html", code="fa", base=BASE, offered="apple", which="own")
    for code, name in NAMES.items():
        chosen = " selected" if code == "fa" else ""
        assert f'<option value="{code}" lang="{TAGS[code]}"{chosen}>{name}</option>' in shown
