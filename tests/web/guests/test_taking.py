"""Books as bytes: whole, in part, with a name (guests 4.8 to 4.10)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from satchel.core.library.kinds import PAGE_TYPE
from satchel.ports.library import BookNumber
from web.guests.knocking import HTML, JSON, Guest, a_school, open_door
from web.guests.shelved import Shelved

CONTENT = bytes(range(256)) * 4096  # a mebibyte: several pieces


@pytest.fixture(scope="module")
def shelved() -> Shelved:
    shelved = Shelved()
    shelved.put('Étude: a/b\u202e "x"', data=CONTENT)
    shelved.put("歌", media_type="audio/mpeg", parts=12, data=b"la" * 500)
    shelved.put("Bad page", media_type=PAGE_TYPE, data=b"<script>alert(1)</script>")
    shelved.put("Program", media_type="application/vnd.android.package-archive")
    shelved.open("School")
    return shelved


@pytest.fixture(scope="module")
def guest(shelved: Shelved) -> Iterator[Guest]:
    with open_door(shelved) as opened:
        yield opened


def files(guest: Guest, title: str) -> list[str]:
    books = json.loads(guest.get("/books", accept=JSON).body)["publications"]
    [book] = [one for one in books if one["metadata"]["title"].startswith(title)]
    before = f"http://127.0.0.1:{guest.port}{guest.base}"
    return [
        link["href"].removeprefix(before)
        for link in book["links"]
        if link["rel"] == "http://opds-spec.org/acquisition/open-access"
    ]


def test_the_whole_and_its_parts(guest: Guest) -> None:
    [path] = files(guest, "Étude")
    whole = guest.get(path)
    assert (whole.status, whole.body) == (200, CONTENT)
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in guest.get(path, accept_encoding="gzip").headers
    for asked, first, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=262143-262145", 262_143, 262_146),
        ("bytes=700000-", 700_000, len(CONTENT)),
        ("bytes=-5", len(CONTENT) - 5, len(CONTENT)),
    ):
        part = guest.get(path, range=asked)
        assert (part.status, part.body) == (206, CONTENT[first:end])
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    assert guest.get(path, range="bytes=0-1,5-6").status == 200
    beyond = guest.get(path, range=f"bytes={len(CONTENT)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")


def test_a_part_is_of_what_the_reader_has_of_it(guest: Guest) -> None:
    [path] = files(guest, "Étude")
    head = guest.head(path)
    assert head.headers["content-length"] == str(len(CONTENT))
    for validator, status in (
        (head.headers["etag"], 206),
        (head.headers["last-modified"], 206),
        ('"other"', 200),
        ("W/" + head.headers["etag"], 200),  # RFC 9110, 13.1.5: strong ones only
        ("Mon, 01 Jan 2035 00:00:00 GMT", 200),
    ):
        assert guest.get(path, range="bytes=1-2", if_range=validator).status == status
    assert guest.get(path, if_none_match=head.headers["etag"]).status == 304
    assert guest.head(path, range="bytes=1-2").headers["content-length"] == "2"


def test_its_name_is_safe_everywhere_and_kept_where_it_can_be(guest: Guest) -> None:
    said = guest.head(files(guest, "Étude")[0]).headers["content-disposition"]
    assert said == "attachment; filename=\"Etude a b x.epub\"; filename*=UTF-8''%C3%89tude%20a%20b%20x.epub"
    parts = files(guest, "歌")
    assert len(parts) == 12
    said = guest.head(parts[1]).headers["content-disposition"]
    assert (
        said == "attachment; filename=\"02 Part 2.mp3\"; filename*=UTF-8''%E6%AD%8C%20-%2002%20Part%202.mp3"
    )
    assert ".apk" in guest.head(files(guest, "Program")[0]).headers["content-disposition"]


def test_b1_nothing_is_shown_as_a_page_of_the_door(guest: Guest) -> None:
    got = guest.get(files(guest, "Bad page")[0])
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "file", ["0.epub", "2.epub", "1", "01.epub", "1.epub.exe", "-1.epub", "x.epub", "1000.epub"]
)
def test_there_is_no_other_part(guest: Guest, file: str) -> None:
    [path] = files(guest, "Étude")
    assert guest.get(path.rpartition("/")[0] + "/" + file).status == 404


def test_all_that_was_opened_is_closed(shelved: Shelved, guest: Guest) -> None:
    [path] = files(guest, "Étude")
    content = shelved.parts[BookNumber(1), 0]
    guest.get(path)
    wait_until(lambda: content.opened == content.closed)


def test_what_is_shorter_than_it_was_said_to_be_is_no_whole_answer() -> None:
    shelved = Shelved()
    shelved.put("Torn", data=b"x" * 1000, size_bytes=2000)
    shelved.open("School")
    with open_door(shelved) as guest:
        [path] = files(guest, "Torn")
        with pytest.raises(Exception, match="IncompleteRead"):
            guest.get(path)
        assert guest.get("/").status == 200


def test_slow_reading_holds_up_nobody_else() -> None:
    """All threads that read stand still: pages and heads are answered meanwhile."""
    shelved, go = Shelved(), threading.Event()

    def stand_still(_offset: int, buffer: memoryview) -> int:
        assert go.wait(20)
        return len(buffer)

    number = shelved.put("Slow", size_bytes=1000)
    shelved.parts[number, 0].data = stand_still
    shelved.open("School")
    with open_door(shelved) as guest:
        [path] = files(guest, "Slow")
        taking = [threading.Thread(target=guest.get, args=(path,)) for _ in range(6)]
        for one in taking:
            one.start()
        wait_until(lambda: shelved.parts[number, 0].opened >= 4)
        assert guest.get("/books", accept=HTML).status == 200
        assert guest.head(path).status == 200
        go.set()
        for one in taking:
            one.join(20)


def test_a_shelf_that_is_closed_gives_nothing_more() -> None:
    shelved = a_school()
    with open_door(shelved) as guest:
        [path] = files(guest, "Algebra")
        assert guest.get(path).status == 200
        shelved.close("School")
        for method in ("GET", "HEAD"):
            assert guest.ask(method, guest.base + path).status == 404


def wait_until(is_so: object) -> None:
    assert callable(is_so)
    ends_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < ends_s
        threading.Event().wait(0.01)
