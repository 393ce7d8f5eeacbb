"""What a guest asks for, whatever they send (guests 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.web.guests.asking import Form, form_of, language_of, read_fields, split_path

KOREADER = "application/opds+json, application/atom+xml;profile=opds-catalog, */*"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (BROWSER, Form.PAGE),
        (KOREADER, Form.OPDS_2),
        ("application/atom+xml;profile=opds-catalog;kind=acquisition", Form.OPDS_1),
        ("application/opds+json;q=0.5, application/atom+xml;q=0.9", Form.OPDS_1),
        ("*/*", Form.OPDS_1),
        ("", Form.OPDS_1),
        ("text/html;q=0, application/opds+json;q=0.1", Form.OPDS_2),
        ("TEXT/HTML", Form.PAGE),
        ("\xff,;;q=,text/html;q=9", Form.PAGE),
    ],
)
def test_each_reader_gets_the_form_that_it_knows(accept: str, form: Form) -> None:
    assert form_of(None, accept) == (form, False)


def test_the_address_may_say_which_form() -> None:
    assert form_of("2", BROWSER) == (Form.OPDS_2, True)
    assert form_of("1", KOREADER) == (Form.OPDS_1, True)
    assert form_of("3", BROWSER) == (Form.PAGE, False)


def test_the_language_is_that_of_the_browser_or_the_address() -> None:
    assert language_of(None, "ar-EG,en;q=0.5") == ("ar", False)
    assert language_of("fa", "ar-EG") == ("fa", True)
    assert language_of("tlh", "") == ("en", False)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", ()),
        (b"/new", ("new",)),
        (b"/new/", ("new",)),
        (b"/book/%61b", ("book", "ab")),
        (b"/read/x/text/%D9%83", ("read", "x", "text", "ك")),
    ],
)
def test_a_path_is_decoded_once(raw: bytes, path: tuple[str, ...]) -> None:
    assert split_path(raw) == path


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"new",
        b"//new",
        b"/a//b",
        b"/..",
        b"/a/../b",
        b"/%2e%2e/b",
        b"/a%2fb",
        b"/a%5cb",
        b"/a%00",
        b"/%ff",
        b"/./a",
        b"/" + b"a" * 3000,
        b"http://127.0.0.1/",
        b"*",
    ],
)
def test_what_climbs_or_hides_is_no_path(raw: bytes) -> None:
    assert split_path(raw) is None


@given(st.binary(max_size=60))
def test_no_part_of_any_path_leads_elsewhere(raw: bytes) -> None:
    for part in split_path(b"/" + raw) or ():
        assert part not in ("", ".", "..")
        assert not set(part) & set("/\\\0")


def test_only_known_fields_are_read_and_each_once() -> None:
    assert read_fields(b"page=2&page=3&x=1&q=a+b%C3%A9", frozenset({"page", "q"})) == {
        "page": "2",
        "q": "a bé",
    }


@pytest.mark.parametrize("query", [b"page=2&" * 100, b"page=%ff", b"page=" + b"1" * 5000, b"\xff=1"])
def test_too_much_or_none_is_nothing(query: bytes) -> None:
    assert read_fields(query, frozenset({"page"})) == {}
