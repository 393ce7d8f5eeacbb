"""Any text of any book is one in both kinds of catalogue (guests 4.2, 4.3)."""

import json

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from satchel.core.library.kinds import Kind
from satchel.web.guests import opds1, opds2
from satchel.web.guests.feed import Around, Entry, Excerpt, Feed, Named, Publication, Way
from satchel.web.guests.names import disposition
from web.guests.shelved import Shelved

ROOT = "http://10.0.0.1:4000/abc"
ANY_TEXT = st.text(min_size=1, max_size=60)
ATOM = "{http://www.w3.org/2005/Atom}"


def a_feed(said: str) -> Feed:
    book = Publication(
        id="urn:uuid:1",
        href=ROOT,
        title=said,
        authors=(Named(name=said, href=ROOT),),
        subjects=(Named(name=said),),
        kind=Kind.EPUB,
        updated_s=15_461_882_265_599,  # further than any calendar
        found=Excerpt(said, ((said, True),)),
    )
    return Feed(
        id="urn:uuid:0",
        title=said,
        href=ROOT,
        updated_s=0,
        around=Around(door=said, start=ROOT, opensearch=ROOT, search=ROOT, code="en"),
        ways=(Way(title=said, href=ROOT, leads_to_books=True),),
        has_books=True,
        books=(book,),
    )


@given(ANY_TEXT)
def test_any_text_is_one_in_xml(said: str) -> None:
    feed = a_feed(said)
    root = etree.fromstring(opds1.write_feed(feed))
    titles = {title.text or "" for title in root.iter(f"{ATOM}title")}
    assert titles == {opds1.text(said).replace("\r", "\r")} or "\r" in said or not said.strip()
    assert len(list(root)) == len(list(etree.fromstring(opds1.write_feed(a_feed("Algebra")))))
    etree.fromstring(opds1.write_entry(Entry(book=feed.books[0], around=feed.around)))
    etree.fromstring(opds1.write_description(feed.around, ROOT))


@given(ANY_TEXT)
def test_any_text_is_one_in_json(said: str) -> None:
    told = json.loads(opds2.write_feed(a_feed(said)))
    kept = said.encode("utf-8", "replace").decode()
    assert told["publications"][0]["metadata"]["title"] == told["navigation"][0]["title"] == kept


@given(ANY_TEXT)
def test_any_title_is_a_name_of_a_file_and_one_header(said: str) -> None:
    shelved = Shelved()
    number = shelved.put(said)
    header = disposition(shelved.books[number], 0)
    assert header.isascii()
    assert header.isprintable()
    _, plain, extended = header.split("; ")
    assert plain.removeprefix('filename="').removesuffix('.epub"').strip()
    assert not set(plain.removeprefix('filename="').removesuffix('"')) & set('/\\:*?"<>|%')
    assert extended.startswith("filename*=UTF-8''")
