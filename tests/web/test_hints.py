"""No name is looked up ahead for a page of an archive, however it is written (B1)."""

import pytest

from satchel.web.reading.hints import redirected, without_hints


@pytest.mark.parametrize(
    "tag",
    [
        b'<link rel="stylesheet" href="a.css">',
        b"<LINK REL='Stylesheet' HREF=a.css media=all />",
        b'<link href="x.png" rel=icon>',
        b"<linked>",
    ],
)
def test_styles_and_icons_stay(tag: bytes) -> None:
    assert without_hints(b"<p>" + tag + b"</p>") == b"<p>" + tag + b"</p>"


@pytest.mark.parametrize(
    "tag",
    [
        b'<link rel="preconnect" href="//evil.example">',
        b'<LiNk rel=dns-prefetch href="//evil.example">',
        b'<link rel="stylesheet preconnect" href="//evil.example">',
        b'<link rel="preconnect" rel="stylesheet" href="//evil.example">',
        b'<link x="rel=stylesheet" rel="preconnect" href="//evil.example">',
        b'<link title=">" rel="preconnect" href="//evil.example">',
        b'<link title="rel=stylesheet>" rel="preconnect" href="//evil.example">',
        b"<link/rel=preconnect href=//evil.example>",
        b'<link\nrel="pre&#99;onnect" href="//evil.example">',
        b'<link rel = "preconnect" href="//evil.example">',
        b'<link rel="preconnect" href="//evil.example"',
        b"<link rel='stylesheet' x='<' rel=preconnect href=//evil.example>",
        b'<link href="//evil.example">',
    ],
)
def test_all_others_are_no_links_any_more(tag: bytes) -> None:
    page = without_hints(b'<link rel="stylesheet" href="a.css">' + tag + b"<p>x")
    assert page is not None
    assert page.lower().count(b"<link") == 1
    assert b"<x-link" in page
    assert page.endswith(b"<p>x")


def test_what_hides_its_tags_is_not_shown() -> None:
    for encoding in ("utf-16", "utf-16-be"):
        page = "\ufeff<link rel=preconnect href=//evil.example>".encode(encoding)
        assert without_hints(page) is None


PAGE = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={}"><p>'


def test_a_page_that_only_leads_on_leads_into_the_archive() -> None:
    assert redirected(PAGE.format("../../A/Main%20page?x&amp;y").encode()) == "../../A/Main%20page?x&y"
    for out in (
        "//evil.example",
        "/other",
        "http://evil.example",
        "../..//x:y",
        "\\\\evil",
        "/\\evil",
        "&#47;&#47;e",
    ):
        assert redirected(PAGE.format(out).encode()) is None, out
    assert redirected(b"<p>" + PAGE.format("a").encode()) is None
