"""B1: of a page nothing is left that runs, loads, sends, hides or leads out of its book."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from books.hostile_books import PACKAGE, book
from books.pictures_made import picture
from books.test_epub import chapter, opened
from satchel.books.drawing import harmless_drawing
from satchel.books.markup import as_html, cleaned, parse_page
from satchel.errors import UnfitBook

ACTS = re.compile(
    r"<\s*(script|iframe|object|embed|form|input|button|meta|link|base|style|svg|math|video|audio|frame|applet)"
    r"|\son\w+\s*=|javascript:|vbscript:|data:|https?:|\sstyle\s*=|\ssrcset|\sping|url\(|expression\(|//evil",
    re.IGNORECASE,
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/x.png'>",
    "<img src='//evil.example/x.png'>",
    "<img src='/\\evil.example/x.png'>",
    "<img srcset='https://evil.example/x 2x' src='c.xhtml'>",
    "<iframe src='https://evil.example'></iframe>",
    "<iframe srcdoc='&lt;script&gt;x&lt;/script&gt;'></iframe>",
    "<object data='x.swf'></object><embed src='x.swf'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='https://evil.example' ping='https://evil.example'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<form action='https://evil.example'><input name=a><button formaction=x>x</button></form>",
    "<meta http-equiv='refresh' content='0;url=https://evil.example'>",
    "<link rel='stylesheet' href='https://evil.example'><base href='https://evil.example'>",
    "<style>@import 'https://evil.example'; p { background: url(https://evil.example) }</style>",
    "<p style='background: url(https://evil.example)'>x</p>",
    "<svg><script>alert(1)</script><a xlink:href='javascript:x'>y</a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>x</script></template><xmp><img src=x onerror=x></xmp>",
    "<video src='https://evil.example' poster=x></video><audio src=x autoplay></audio>",
    "<details ontoggle=alert(1) open>x</details><body onload=alert(1)>",
    "<p id='x' name='y' onclick='x'>x</p><img name=body><form id=location>",
    "<!--[if IE]><script>x</script><![endif]-->",
    "<area href='javascript:x'><map name=x></map>",
]


@pytest.mark.parametrize("attack", HOSTILE)
@pytest.mark.parametrize("is_xml", [True, False])
def test_nothing_that_acts_is_left(attack: str, is_xml: bool) -> None:
    page = f"<html><head><title>t</title></head><body><p>before</p>{attack}</body></html>"
    markup = as_html(parse_page(page.encode(), is_xml=is_xml))
    left = cleaned(markup, lambda link, _: link if link == "c.xhtml" else None)
    assert not ACTS.search(left), left
    assert "before" in left


@given(
    st.lists(st.sampled_from([*HOSTILE, "<p>", "</p>", "<table>", "<![CDATA[", "]]>", "\0", "'", '"', ">"]))
)
def test_nothing_in_any_order_is(parts: list[str]) -> None:
    for content in ("".join(parts), "<html xmlns='http://www.w3.org/1999/xhtml'>" + "".join(parts)):
        try:
            root = parse_page(content.encode(), is_xml=True)
        except UnfitBook:
            continue
        left = cleaned(as_html(root), lambda _link, _is_picture: None)
        tags = etree.fromstring(f"<div>{left}</div>", etree.HTMLParser())
        for one in tags.iter(etree.Element):
            assert one.tag not in ("script", "iframe", "object", "svg", "style", "form", "link", "meta"), left
            names = [str(name) for name, _ in one.items()]
            assert not [name for name in names if name.startswith("on") or name in ("href", "src")], left


def test_what_makes_a_text_readable_stays() -> None:
    page = (
        '<html dir="rtl" lang="ar"><body><h1 id="top" class="big">x</h1><p dir="ltr">a <bdi>b</bdi> <bdo '
        'dir="rtl">c</bdo></p><ruby>漢<rp>(</rp><rt>k</rt><rp>)</rp></ruby><table>'
        '<tr><td colspan="2">d</td></tr></table>'
        '<p dir="evil()">e</p><abbr title="f">g</abbr></body></html>'
    )
    left = chapter(book(page.encode()))
    for kept in (
        *('<div dir="rtl" lang="ar">', 'id="b-top"', 'class="b-big"', '<p dir="ltr">', "<bdi>b</bdi>"),
        *('<bdo dir="rtl">c</bdo>', "<ruby>漢<rp>(</rp><rt>k</rt>", 'colspan="2"', 'title="f"', "<p>e</p>"),
    ):
        assert kept in left


def test_links_lead_to_pages_of_this_book_and_pictures_of_it() -> None:
    items = (
        '<item id="d" href="text/d%20d.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="i" href="i&amp;1.png" media-type="image/png"/>'
    )
    page = (
        b"<html><body><a href='text/d%20d.xhtml#x%20y'>1</a><a href='#here'>2</a><a href='c.xhtml'>3</a>"
        b"<a href='../c.xhtml'>4</a><a href='nowhere.xhtml'>5</a><a href='i&amp;1.png'>6</a>"
        b"<img src='i&amp;1.png'/>"
        b"<img src='../../etc/passwd'/><svg xmlns='http://www.w3.org/2000/svg' "
        b"xmlns:xlink='http://www.w3.org/1999/xlink'><image xlink:href='i&amp;1.png'/></svg></body></html>"
    )
    other = b"<html><body><a href='../c.xhtml'>back</a><img src='../i&amp;1.png'/></body></html>"
    content = book(
        page,
        package=PACKAGE % ("", items, '<itemref idref="d"/>'),
        more={"text/d d.xhtml": other, "i&1.png": picture("PNG")},
    )
    left = chapter(content, 2)
    for kept in ('<a href="1#b-x%20y">1</a>', '<a href="#b-here">2</a>', '<a href="2">3</a>'):
        assert kept in left
    for gone in ("<a>4</a>", "<a>5</a>", "<a>6</a>"):
        assert gone in left
    assert left.count('src="../file/i%261.png"') == 2
    assert left.count("src=") == 2
    assert '<a href="2">back</a><img src="../file/i%261.png">' in chapter(content, 1)
    assert opened(content).fetch("file/i&1.png").body == picture("PNG")


DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 9 9" %s>%s</svg>'
)


@pytest.mark.parametrize(
    ("attributes", "inner"),
    [
        ("onload='x()'", "<script>alert(1)</script>"),
        ("", "<a xlink:href='javascript:x'><rect width='1'/></a>"),
        ("style='background:url(https://evil.example)'", "<style>@import 'https://evil.example'</style>"),
        ("", "<image xlink:href='https://evil.example'/><use xlink:href='https://evil.example#x'/>"),
        ("", "<foreignObject><iframe src='x'/></foreignObject>"),
        ("", "<rect fill='url(https://evil.example)' stroke='u\\72l(https://evil.example)'/>"),
        ("", "<animate attributeName='href' to='javascript:x'/><set onbegin='x'/><handler>x</handler>"),
    ],
)
def test_a_drawing_keeps_lines_and_colours(attributes: str, inner: str) -> None:
    path = "<path d='M0 0L9 9' fill='url(#a)' stroke='rgb(1,2,3)'/>"
    lines = f"<g transform='rotate(5 1 2)'>{path}<text>t</text></g>"
    left = harmless_drawing((DRAWING % (attributes, inner + lines)).encode()).decode()
    assert not re.search(r"script|evil|onload|onbegin|iframe|foreign|style|animate|use|image|<a\b", left), (
        left
    )
    for kept in (
        'viewBox="0 0 9 9"',
        'd="M0 0L9 9"',
        'fill="url(#a)"',
        'stroke="rgb(1,2,3)"',
        "rotate(5 1 2)",
        ">t<",
    ):
        assert kept in left


def test_what_is_no_drawing_is_refused() -> None:
    for content in (b"", b"<html/>", b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", b"\0"):
        with pytest.raises(UnfitBook):
            harmless_drawing(content)
