"""The lists behind the door, in three forms (guests 4 and 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from lxml import etree

from web.guests.knocking import ATOM, FORMS, HTML, JSON, Got, Guest, a_school, open_door
from web.guests.shelved import BEGAN_S, Shelved

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "o": "http://opds-spec.org/2010/catalog",
    "s": "http://a9.com/-/spec/opensearch/1.1/",
    "t": "http://purl.org/syndication/thread/1.0",
}
PLAIN = (BEGAN_S, "Plain")


@pytest.fixture(scope="module")
def shelved() -> Shelved:
    return a_school()


@pytest.fixture(scope="module")
def guest(shelved: Shelved) -> Iterator[Guest]:
    with open_door(shelved) as opened:
        yield opened


def atom(got: Got) -> etree._Element:
    assert got.status == 200
    assert got.headers["content-type"].startswith("application/atom+xml;")
    return etree.fromstring(got.body)


def opds2(got: Got) -> dict[str, Any]:
    assert got.status == 200
    assert got.headers["content-type"] == JSON
    told = json.loads(got.body)
    assert isinstance(told, dict)
    return told


def found(element: etree._Element, path: str) -> list[str]:
    said = element.xpath(path, namespaces=NAMES)
    assert isinstance(said, list)
    return [str(one) for one in said]


def titles(guest: Guest, path: str) -> list[str]:
    one = found(atom(guest.get(path, accept=ATOM)), "//a:entry/a:title/text()")
    other = opds2(guest.get(path, accept=JSON))
    assert one == [book["metadata"]["title"] for book in other.get("publications", [])]
    return one


def way(guest: Guest, path: str, title: str) -> str:
    """The address of a list that another one leads to."""
    ways = {one["title"]: one["href"] for one in opds2(guest.get(path, accept=JSON))["navigation"]}
    return str(ways[title]).removeprefix(f"http://127.0.0.1:{guest.port}{guest.base}")


def test_the_same_address_answers_each_reader_in_its_form(guest: Guest) -> None:
    types = {accept: guest.get("/", accept=accept) for accept in FORMS}
    assert [got.headers["content-type"].partition(";")[0] for got in types.values()] == list(FORMS)
    assert {got.headers["vary"] for got in types.values()} == {"Accept, Accept-Language"}
    assert guest.get("/?v=2", accept=HTML).headers["content-type"] == JSON
    assert guest.get("/?v=1", accept=JSON).headers["content-type"].startswith(ATOM)


def test_a_choice_of_form_and_language_stays_in_all_addresses(guest: Guest) -> None:
    told = opds2(guest.get("/?v=2&hl=fr"))
    assert all(one["href"].endswith("?v=2&hl=fr") for one in told["navigation"])
    assert told["metadata"]["title"] == "Livres de Satchel"


def test_lists_are_of_what_is_open(guest: Guest) -> None:
    assert titles(guest, "/books") == ["Algebra", "Map", "Songs", "كتاب الحساب"]
    assert titles(guest, "/new") == ["Map", "Songs", "كتاب الحساب", "Algebra"]
    assert titles(guest, way(guest, "/shelves", "School")) == ["Algebra", "كتاب الحساب"]
    assert titles(guest, way(guest, "/shelves", "School") + "/new") == ["كتاب الحساب", "Algebra"]
    assert titles(guest, way(guest, "/languages", "العربية")) == ["كتاب الحساب"]
    assert titles(guest, way(guest, "/authors", "Bo")) == ["Algebra"]
    assert titles(guest, way(guest, "/subjects", "حساب")) == ["كتاب الحساب"]
    assert titles(guest, way(guest, "/kinds", "PDF")) == ["Map"]
    assert titles(guest, "/kind/zim") == []


def test_a_list_is_made_narrower_by_facets(guest: Guest) -> None:
    facets = {one["metadata"]["title"]: one["links"] for one in opds2(guest.get("/books?v=2"))["facets"]}
    [english] = [one for one in facets["Language"] if one["title"] == "English"]
    assert english["properties"]["numberOfItems"] == 1
    narrowed = opds2(guest.follow(english["href"]))
    assert [one["metadata"]["title"] for one in narrowed["publications"]] == ["Algebra"]
    [active] = [
        link
        for one in narrowed["facets"]
        if one["metadata"]["title"] == "Language"
        for link in one["links"]
        if link.get("rel") == "self"
    ]
    assert active["title"] == "English"
    newest = next(one for one in facets["Order"] if one["title"] == "Newest first")
    assert opds2(guest.follow(newest["href"]))["publications"][0]["metadata"]["title"] == "Map"
    first = atom(guest.get("/books", accept=ATOM))
    assert "Language" in found(first, "//a:link[@rel='http://opds-spec.org/facet']/@o:facetGroup")
    assert found(first, "//a:link[@o:activeFacet='true']/@title") == ["All", "All", "By title"]


@pytest.mark.parametrize("accept", FORMS)
def test_every_address_is_whole_and_leads_somewhere(guest: Guest, accept: str) -> None:
    """Some readers leave relative ones as they are."""
    seen, waiting = set(), ["/"]
    while waiting:
        got = guest.get(waiting.pop(), accept=accept)
        assert got.status == 200
        for url in re.findall(r'(?:href|src|action|template)=?"?:?"([^"]+)"', got.text.replace("&amp;", "&")):
            if url in seen or url == "#main" or "{" in url:
                continue
            seen.add(url)
            assert url.startswith(f"http://127.0.0.1:{guest.port}{guest.base}/"), url
            path = url.removeprefix(f"http://127.0.0.1:{guest.port}{guest.base}")
            if path.startswith(("/take/", "/cover/", "/icon", "/page.css")):
                assert guest.head(path).status == 200, path
            elif "hl=" not in path:
                waiting.append(path)
    assert len(seen) > 20


def test_long_lists_have_pages_that_lead_to_each_other() -> None:
    shelved = Shelved()
    for number in range(65):
        shelved.put(f"Book {number:02}")
    shelved.open("School")
    with open_door(shelved) as guest:
        got, seen = guest.get("/books", accept=ATOM), []
        while True:
            page = atom(got)
            seen += found(page, "//a:entry/a:title/text()")
            assert found(page, "//s:totalResults/text()") == ["65"]
            following = found(page, "/a:feed/a:link[@rel='next']/@href")
            if not following:
                break
            got = guest.follow(following[0], accept=ATOM)
        assert seen == [f"Book {number:02}" for number in range(65)]
        assert found(page, "/a:feed/a:link[@rel='first']/@href") == found(
            atom(guest.get("/books")), "/a:feed/a:link[@rel='self']/@href"
        )
        assert found(page, "/a:feed/a:link[@rel='last']/@href") == found(
            page, "/a:feed/a:link[@rel='self']/@href"
        )
        assert found(page, "/a:feed/a:link[@rel='previous']/@href")[0].endswith("page=2")
        for wrong in ("4", "0", "-1", "x", "1000001", "9" * 50):
            assert guest.get(f"/books?page={wrong}").status == 404


def test_a_book_is_told_in_full(guest: Guest) -> None:
    entry = next(one for one in opds2(guest.get("/books", accept=JSON))["publications"])
    about = entry["metadata"]
    assert (about["title"], about["language"], about["numberOfPages"]) == ("Algebra", ["en"], 321)
    assert [one["name"] for one in about["author"]] == ["Ann Ames", "Bo"]
    assert [one["type"] for one in entry["images"]] == ["image/jpeg"]
    [taken] = [one for one in entry["links"] if one["rel"] == "http://opds-spec.org/acquisition/open-access"]
    assert taken["type"] == "application/epub+zip"
    assert taken["size"] == len(guest.follow(taken["href"]).body)
    feed = atom(guest.get("/books", accept=ATOM))
    assert found(feed, "//a:link[@rel='http://opds-spec.org/acquisition/open-access']/@length")[0] == str(
        taken["size"]
    )
    assert found(feed, "//a:link[@rel='http://opds-spec.org/image/thumbnail']/@type") == ["image/jpeg"]
    own = guest.follow(entry["links"][0]["href"], accept=JSON)
    assert own.headers["content-type"] == "application/opds-publication+json"
    assert json.loads(own.body)["metadata"] == about


def test_search_finds_inside_and_shows_where(guest: Guest) -> None:
    template = opds2(guest.get("/", accept=JSON))["links"][2]["href"]
    assert template.endswith("/search{?query}")
    described = etree.fromstring(guest.get("/opensearch.xml").body)
    [searched] = found(described, "//s:Url/@template")
    for url, accept in (
        (template.replace("{?query}", "?query=quick"), JSON),
        (searched.replace("{searchTerms}", "quick"), ATOM),
    ):
        got = guest.follow(url, accept=accept)
        assert got.status == 200
        assert "Algebra" in got.text
        assert "the quick brown fox" in got.text
        assert "secret" not in got.text
    page = guest.get("/search?query=quick", accept=HTML)
    assert "the <mark>quick</mark> brown fox" in page.text
    assert "Nothing was found" in guest.get("/search?query=zebra", accept=HTML).text
    assert guest.get("/search?query=quick&page=21").status == 404


def test_a_search_that_was_cut_short_says_so() -> None:
    shelved = a_school()
    shelved.is_cut = True
    with open_door(shelved) as guest:
        assert "The time was over" in guest.get("/search?query=quick", accept=HTML).text


def test_whoever_has_it_already_is_told_so(guest: Guest) -> None:
    for accept in FORMS:
        got = guest.get("/books", accept=accept)
        known = {"etag": got.headers["etag"], "modified": got.headers["last-modified"]}
        for asked in ({"if_none_match": known["etag"]}, {"if_modified_since": known["modified"]}):
            again = guest.get("/books", accept=accept, **asked)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["etag"] == known["etag"]
        assert guest.get("/books", accept=accept, if_none_match='"other"').status == 200
        assert (
            guest.get("/books", accept=accept, if_modified_since="Mon, 01 Jan 2001 00:00:00 GMT").status
            == 200
        )


def test_a_change_is_seen_at_once_and_has_a_later_time() -> None:
    shelved = a_school()
    with open_door(shelved) as guest:
        before = guest.get("/books", accept=ATOM)
        assert shelved.calls["list"] == 1
        assert guest.get("/books", accept=ATOM).body == before.body
        assert shelved.calls["list"] == 1  # as it was written before
        shelved.put("Zoology")
        after = guest.get("/books", accept=ATOM, if_modified_since=before.headers["last-modified"])
        assert "Zoology" in after.text
        times = [parsedate_to_datetime(got.headers["last-modified"]) for got in (before, after)]
        assert times[0] < times[1]
        shelved.close("School")
        assert "Zoology" not in guest.get("/books", accept=ATOM).text


def test_a_head_says_what_the_whole_would(guest: Guest) -> None:
    cover = opds2(guest.get("/books", accept=JSON))["publications"][0]["images"][0]["href"]
    paths = ["/", "/books", "/opensearch.xml", "/nothing", "/search?query=quick"]
    paths.append(cover.removeprefix(f"http://127.0.0.1:{guest.port}{guest.base}"))
    for path in paths:
        for accept in FORMS:
            whole, head = guest.get(path, accept=accept), guest.head(path, accept=accept)
            assert head.body == b""
            assert (head.status, head.headers) == (whole.status, whole.headers)


def test_what_is_not_there_is_said_on_a_page(guest: Guest) -> None:
    assert "This is not here" in guest.get("/book/aaaaaaaaaaaaaaaa", accept=HTML).text
    for accept in (ATOM, JSON):
        got = guest.get("/book/aaaaaaaaaaaaaaaa", accept=accept)
        assert (got.status, got.body) == (404, b"")


def test_an_empty_door_is_a_whole_catalogue() -> None:
    with open_door(Shelved()) as guest:
        for path in ("/", "/books", "/shelves", "/authors"):
            assert atom(guest.get(path, accept=ATOM)) is not None
            told = opds2(guest.get(path, accept=JSON))
            assert told["navigation"]
        assert "Nothing is here yet" in guest.get("/", accept=HTML).text
