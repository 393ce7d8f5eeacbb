"""Catalogues as programs of others read them: the parser of Thorium, of both versions, and one of OPDS 1.2
(docs/decisions/0245)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web.guests.knocking import ATOM, JSON, Guest, a_school, open_door
from web.guests.shelved import Shelved
from workshop.browsers import MODULES

SCRIPT = Path(__file__).with_name("read_feeds.mjs")
LIMIT_S = 60
OPEN_ACCESS = "http://opds-spec.org/acquisition/open-access"
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    shelved = a_school()
    for number in range(40):
        shelved.put(f"More {number}", languages=("en",), authors=("Bo & <Co>",))
    with open_door(shelved) as opened:
        yield opened


def paths(guest: Guest) -> list[str]:
    """Every list there is, and some that are made narrower."""
    ways = ["/shelves", "/languages", "/kinds", "/subjects", "/authors"]
    before = f"http://127.0.0.1:{guest.port}{guest.base}"
    inner = [
        one["href"].removeprefix(before)
        for path in ways
        for one in json.loads(guest.get(path, accept=JSON).body)["navigation"]
    ]
    facets = json.loads(guest.get("/books", accept=JSON).body)["facets"]
    narrowed = [link["href"].removeprefix(before) for facet in facets for link in facet["links"]]
    return ["/", "/new", "/books", "/books?page=2", "/search?query=quick", *ways, *inner, *narrowed]


def read(feeds: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What the parsers make of each."""
    node = shutil.which("node")
    if node is None or not (MODULES / "r2-opds-js").is_dir():
        pytest.skip("the parsers from npm are missing: `python3 dev.py test` installs them")
    done = subprocess.run(
        [node, str(SCRIPT), str(MODULES)],
        input=json.dumps(feeds),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert isinstance(told, list)
    return told


def test_every_list_is_the_same_to_all_parsers(guest: Guest) -> None:
    asked = paths(guest)
    assert len(asked) > 25
    feeds = [
        {"form": form, "kind": "feed", "text": guest.get(path, accept=accept).text}
        for path in asked
        for form, accept in (("1", ATOM), ("2", JSON))
    ]
    told = read(feeds)
    for path, one, two in zip(asked, told[::2], told[1::2], strict=True):
        first, second, other = one["thorium"], two["thorium"], one["other"]
        assert titles(first) == titles(second), path
        assert files(first) == files(second), path
        assert ways(first) == ways(second), path
        assert facets(first) == facets(second), path
        assert rels(first) >= {"self", "start", "search"}, path
        assert rels(second) >= {"self", "start", "search"}, path
        assert [entry["title"] for entry in other["entries"]] == (titles(first) or list(ways(first))), path
        is_of_books = "publications" in second
        assert (
            other["kind"] == ("AcquisitionFeed" if is_of_books else "NavigationFeed") or not other["entries"]
        )


def test_a_book_of_its_own_is_the_same_to_thorium(guest: Guest) -> None:
    [algebra] = [
        book
        for book in json.loads(guest.get("/books", accept=JSON).body)["publications"]
        if book["metadata"]["title"] == "Algebra"
    ]
    address = algebra["links"][0]["href"]
    feeds = [
        {"form": form, "kind": "entry", "text": guest.follow(address, accept=accept).text}
        for form, accept in (("1", ATOM), ("2", JSON))
    ]
    one, two = (told["thorium"] for told in read(feeds))
    for book in (one, two):
        assert book["metadata"]["title"] == "Algebra"
        assert [author["name"] for author in book["metadata"]["author"]] == ["Ann Ames", "Bo"]
        assert book["metadata"]["language"] == "en"
        assert {image["type"] for image in book["images"]} == {"image/jpeg"}
    assert files({"publications": [one]}) == files({"publications": [two]})


def test_an_empty_door_is_read_as_well() -> None:
    with open_door(Shelved()) as guest:
        feeds = [
            {"form": form, "kind": "feed", "text": guest.get(path, accept=accept).text}
            for path in ("/", "/books", "/authors")
            for form, accept in (("1", ATOM), ("2", JSON))
        ]
    assert all(one["thorium"]["metadata"]["title"] for one in read(feeds))


def test_what_is_no_feed_is_seen() -> None:
    """The parsers look."""
    with pytest.raises(AssertionError):
        read([{"form": "2", "kind": "feed", "text": "<feed>"}])
    [told] = read([{"form": "1", "kind": "feed", "text": "<feed xmlns='http://www.w3.org/2005/Atom'/>"}])
    assert not told["thorium"].get("publications")


def titles(feed: dict[str, Any]) -> list[str]:
    return [book["metadata"]["title"] for book in feed.get("publications", [])]


def files(feed: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (link["href"], link["type"])
        for book in feed.get("publications", [])
        for link in book["links"]
        if link["rel"] == OPEN_ACCESS
    ]


def ways(feed: dict[str, Any]) -> dict[str, str]:
    return {way["title"]: way["href"] for way in feed.get("navigation", []) if way.get("rel") != "start"}


def facets(feed: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (facet["metadata"]["title"], [link["title"] for link in facet["links"]])
        for facet in feed.get("facets", [])
    ]


def rels(feed: dict[str, Any]) -> set[str]:
    return {link["rel"] for link in feed["links"] if isinstance(link.get("rel"), str)}
