"""Bytes that a browser brings, over the local socket: into the store, nowhere else, and bounded (T1, M3)."""

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from cli.node_kit import LIMIT_S, Following, Served, serving
from cli.upload_kit import BLOCK, GROUP, MIB, asked, begin, bring, files, have, listed, put, sending
from satchel.store.blobs import BlobWriter
from satchel.store.uploads import SqliteUploads
from satchel.web import uploads as web
from store.upload_samples import content_of


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running


def test_a_file_comes_in_pieces_and_goes_on_after_a_reload(served: Served) -> None:
    """[4.1, 4.2] What fills no block is dropped, but at the end."""
    content = os.urandom(3 * MIB + 12_345)
    begun = begin(served, "Trip", "day 1", "photo \udcff.jpg", size=len(content))
    assert begun["have"] == 0
    assert put(served, begun["id"], 0, content[: MIB + 5]) == (200, {"have": MIB})
    status, told = put(served, begun["id"], MIB + 5, b"more")
    assert (status, told["have"]) == (409, MIB)
    assert told["what"]
    again = begin(served, "Trip", "day 1", "photo \udcff.jpg", size=len(content), group="cd" * 16)
    assert again == {"id": begun["id"], "have": MIB}
    assert put(served, begun["id"], MIB, content[MIB:]) == (200, {"have": len(content)})
    [told] = listed(served)
    assert told == {
        "id": begun["id"],
        "group": "cd" * 16,
        "path": ["Trip", "day 1", "photo \udcff.jpg"],
        "size": len(content),
        "have": len(content),
        "mtime_ns": 1_700_000_000_123_000_000,
        "sent": False,
    }
    uploads = served.profile.uploads
    [upload] = uploads.all()
    assert content_of(uploads, upload) == content
    assert upload.path[-1] == b"photo \xff.jpg"
    assert served.ask("DELETE", f"/v1/uploads/{begun['id']}")[0] == 204
    assert (listed(served), files(served)) == ([], 0)
    assert served.ask("DELETE", f"/v1/uploads/{begun['id']}")[0] == 404
    assert put(served, begun["id"], 0, b"x")[0] == 404


def test_empty_files_and_folders_are_whole_at_once(served: Served) -> None:
    assert begin(served, "empty", size=0)["have"] == 0
    begin(served, "folder", size=None)
    assert [(one["size"], one["have"]) for one in listed(served)] == [(0, 0), (None, 0)]


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "a"},
        {"path": []},
        {"path": ["..", "x"]},
        {"path": ["a", 5]},
        {"path": ["\ud800"]},
        {"size": "5"},
        {"size": True},
        {"size": -1},
        {"size": 1 << 60},
        {"mtime_ns": None},
        {"mtime_ns": 1.5},
        {"mtime_ns": 1 << 70},
    ],
)
def test_what_the_page_does_not_say_is_refused(served: Served, changed: dict[str, object]) -> None:
    """[4.1] And then nothing of what was asked for together with it is begun."""
    file = {"path": ["a"], "size": 5, "mtime_ns": 5}
    body = {"group": GROUP, "files": [file, {**file, **changed}]}
    status, told = served.ask("POST", "/v1/uploads", body)
    assert status == 400
    assert told["what"]
    assert listed(served) == []


def test_a_place_that_is_no_number_and_an_id_that_is_none(served: Served) -> None:
    id = begin(served, "a", size=5)["id"]
    for at in ("", "-1", "x", "1e3", "9" * 40, "%D9%A1"):
        assert put(served, id, at, b"12345")[0] == 400
    for other in ("x", "AB" * 16, "..%2f..", "0" * 31):
        assert put(served, other, 0, b"12345")[0] in (400, 404, 405)
    assert put(served, "0" * 32, 0, b"12345")[0] == 404
    assert put(served, id, 0, b"12345") == (200, {"have": 5})


def test_more_than_was_said_is_refused(served: Served) -> None:
    id = begin(served, "a", size=5)["id"]
    status, told = put(served, id, 0, b"123456")
    assert (status, told["what"]) == (400, "More bytes came than this file has.")
    assert listed(served)[0]["have"] == 0
    assert put(served, id, 0, b"12345") == (200, {"have": 5})


def test_when_the_connection_breaks_whole_blocks_stay(served: Served) -> None:
    """[4.2] A page that is closed: it goes on from there at once."""
    content = os.urandom(4 * BLOCK)
    id = begin(served, "a", size=len(content))["id"]
    connection = sending(served, id, len(content))
    connection.sock.sendall(content[: 2 * BLOCK + 100])
    connection.close()
    have(served, 2 * BLOCK)
    assert put(served, id, 2 * BLOCK, content[2 * BLOCK :]) == (200, {"have": len(content)})


def test_the_newest_request_for_a_file_goes_on(served: Served) -> None:
    """[4.3] A page was reloaded, and the node has not seen yet that its connection is closed. What came is
    kept. Who is overtaken is told so, and not how much is there: two windows would take it from each other
    for ever."""
    content = os.urandom(3 * BLOCK)
    id = begin(served, "a", size=len(content))["id"]
    with closing(sending(served, id, len(content))) as older:
        older.sock.sendall(content[: BLOCK + 100])
        at, status = 0, 0
        while status != 200:  # how much of it the node had read is chance
            status, told = put(served, id, at, content[at:])
            assert status == 200 or (status == 409 and told["have"] in (0, BLOCK)), told
            at = told["have"]
        older.sock.sendall(content[BLOCK + 100 :])  # a browser looks for an answer when it has sent all
        response = older.getresponse()
        told = json.loads(response.read())
        assert (response.status, "have" in told) == (409, False)
        assert told["what"].startswith("This was chosen once more")
    [upload] = served.profile.uploads.all()
    assert content_of(served.profile.uploads, upload) == content


def test_who_says_nothing_any_more_gives_the_place_up(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[4.2] What came in whole blocks stays."""
    monkeypatch.setattr(web, "STALL_S", 0.5)
    content = os.urandom(2 * BLOCK)
    id = begin(served, "a", size=len(content))["id"]
    with closing(sending(served, id, len(content))) as connection:
        connection.sock.sendall(content[:BLOCK])
        assert json.loads(connection.getresponse().read()) == {"have": BLOCK}
    assert put(served, id, BLOCK, content[BLOCK:]) == (200, {"have": len(content)})


def test_not_faster_than_the_disk(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """M3: while the disk takes nothing, little is taken from the browser, and the node goes on."""
    go_on = threading.Event()
    write = BlobWriter.write

    def slow(self: BlobWriter, data: memoryview) -> None:
        assert go_on.wait(LIMIT_S)
        write(self, data)

    monkeypatch.setattr(BlobWriter, "write", slow)
    content = bytes(40 * MIB)
    id = begin(served, "a", size=len(content))["id"]
    with closing(sending(served, id, len(content))) as connection:
        connection.sock.settimeout(1)
        sent = 0
        with suppress(TimeoutError):
            while sent < len(content):
                sent += connection.sock.send(memoryview(content)[sent : sent + 65536])
        assert web.BUFFERS_HELD * MIB <= sent <= 6 * MIB
        assert served.is_well()
        go_on.set()
        connection.sock.settimeout(LIMIT_S)
        connection.sock.sendall(memoryview(content)[sent:])
        assert connection.getresponse().status == 200
    have(served, len(content))


def test_so_many_at_a_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """M3: who comes after them waits, unread."""
    ids = [begin(served, f"{n}", size=3)["id"] for n in range(web.COMING_MAX + 1)]
    appended: list[bytes] = []
    append = SqliteUploads.append

    def counted(self: SqliteUploads, id: Any, at: int) -> Any:
        appended.append(id)
        return append(self, id, at)

    monkeypatch.setattr(SqliteUploads, "append", counted)
    connections = [sending(served, id, 3) for id in ids]
    ends_s = time.monotonic() + LIMIT_S
    while len(appended) < web.COMING_MAX:
        assert time.monotonic() < ends_s
        time.sleep(0.02)
    time.sleep(0.2)
    assert len(appended) == web.COMING_MAX
    for connection in connections:
        connection.sock.sendall(b"abc")
    for connection in connections:
        assert connection.getresponse().status == 200
        connection.close()


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[4.5]"""
    content = os.urandom(8 * BLOCK)
    id = begin(served, "a", size=len(content))["id"]
    assert put(served, id, 0, content[: 4 * BLOCK]) == (200, {"have": 4 * BLOCK})

    def full(_file: int, _data: memoryview, _at: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as then:
        then.setattr(os, "pwrite", full)
        status, told = put(served, id, 4 * BLOCK, content[4 * BLOCK :])
    assert (status, told["what"]) == (503, "Could not keep what is uploaded: the disk is full.")
    assert told["safe"]
    assert told["do"]
    assert begin(served, "a", size=len(content))["have"] == 4 * BLOCK
    assert put(served, id, 4 * BLOCK, content[4 * BLOCK :]) == (200, {"have": len(content)})
    with monkeypatch.context() as then:
        then.setattr(SqliteUploads, "_free_bytes", lambda _self: 100 * MIB)
        status, told = served.ask("POST", "/v1/uploads", asked("b", size=5))
    assert status == 503
    assert "no room" in told["what"]


def test_nothing_of_it_is_in_a_temporary_file(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T1: neither by us nor by the library, which has a way of its own; nothing in clear in the profile."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    made: list[object] = []
    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, lambda *a, **k: made.append((a, k)))
    secret = b"the testimony, word by word. "
    bring(served, "testimony.txt", content=secret * 100_000)
    assert made == []
    assert os.listdir(tmp_path / "temporary") == []
    for path in served.home.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert b"testimony" not in path.read_bytes() + os.fsencode(path.name)


def test_sent_to_a_contact_it_waits_and_goes_when_it_is_taken_back(served: Served, tmp_path: Path) -> None:
    """By its group, together with a file of the disk; the queue tells what the contact will see (T2)."""
    (tmp_path / "note.txt").write_bytes(b"see these")
    bring(served, "Trip", "a.jpg", content=b"a")
    bring(served, "b.jpg", content=b"b")
    words = ("send", "--json", str(tmp_path / "note.txt"), "--upload", GROUP, "--to", "bilal")
    [done] = [told for told in Following(served, *words).rest() if told.get("event") == "done"]
    [queued] = [told for told in Following(served, "queue", "list", "--json").rest() if told.get("id")]
    assert queued["id"] == done["id"]
    assert queued["paths"] == [f"upload:{GROUP}", str(tmp_path / "note.txt")]
    assert queued["names"] == ["Trip", "b.jpg", "note.txt"]
    assert {one["sent"] for one in listed(served)} == {True}
    assert served.ask("DELETE", f"/v1/uploads/{GROUP}")[0] == 400
    said = "".join(told.get("text", "") for told in Following(served, "queue", "list").rest())
    assert "Trip, b.jpg, note.txt" in said
    Following(served, "queue", "remove", "--json", done["id"]).rest()
    assert (listed(served), files(served)) == ([], 0)


def test_a_contact_who_is_forgotten_takes_it_along(served: Served) -> None:
    """T2: at the end of the command, not an hour later."""
    id = bring(served, "b.jpg", content=b"b")
    Following(served, "send", "--json", "--upload", id, "--to", "bilal").rest()
    Following(served, "contacts", "forget", "--json", "--yes", "bilal").rest()
    assert (listed(served), files(served)) == ([], 0)


def test_offered_with_a_code_it_stays_until_somebody_has_it(served: Served) -> None:
    """While the command runs nobody erases it; when nobody came, it can be offered again."""
    id = bring(served, "b.jpg", content=b"b")
    following = Following(served, "send", "--json", "--upload", id)
    following.until(event="code")
    assert served.ask("DELETE", f"/v1/uploads/{id}")[0] == 400
    assert begin(served, "b.jpg", size=1)["id"] != id
    assert following.tell("stop", {})[0] == 204
    following.rest()
    assert [one["have"] for one in listed(served)] == [1, 0]


@pytest.mark.parametrize(
    "words", [["--upload", "ab"], ["--upload", "00" * 16], ["--upload", GROUP, "--to", "bilal"]]
)
def test_what_cannot_be_sent_is_said(served: Served, words: list[str]) -> None:
    """No id, none that is here, and one that is not whole yet."""
    begin(served, "half", size=5)
    told = Following(served, "send", "--json", *words).rest()
    assert told[-1]["code"] in (2, 5)
    assert told[-2]["event"] == "error"
    assert told[-2]["what"]


def test_the_hash_of_what_was_brought(served: Served) -> None:
    """Several files at a time, each in pieces of another size."""
    contents = [os.urandom(5 * BLOCK + n) for n in range(3)]
    problems: list[BaseException] = []

    def one(number: int) -> None:
        content, at = contents[number], 0
        try:
            id = begin(served, f"{number}", size=len(content))["id"]
            while at < len(content):
                status, told = put(served, id, at, content[at : at + (number + 1) * BLOCK + 7])
                assert status == 200
                at = told["have"]
        except BaseException as problem:  # noqa: BLE001 - raised below
            problems.append(problem)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert not problems, problems
    uploads = served.profile.uploads
    found = {hashlib.sha256(content_of(uploads, upload)).digest() for upload in uploads.all()}
    assert found == {hashlib.sha256(content).digest() for content in contents}
