"""Small files over the local socket, by one request (api 4.6, M3)."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.node_kit import Served, serving
from cli.upload_kit import GROUP, asked, begin, listed, put, put_together
from satchel.cli.over_node import NodeConnection
from satchel.web import uploads as web
from store.upload_samples import content_of


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal") as running:
        yield running


@pytest.mark.parametrize(
    "changed",
    [
        {"group": "AB" * 16},
        {"group": 5},
        {"files": None},
        {"files": []},
        {"files": {"path": ["a"]}},
        {"files": ["a"]},
        {"files": [{"path": ["a"], "size": 5, "mtime_ns": 5}] * (web.TOGETHER_MAX + 1)},
    ],
)
def test_what_is_begun_together_has_bounds(served: Served, changed: dict[str, object]) -> None:
    """[4.1, M3]"""
    status, told = served.ask("POST", "/v1/uploads", {**asked("a", size=5), **changed})
    assert (status, "api 4.1" in told["what"]) == (400, True)
    assert listed(served) == []


def test_small_files_come_by_one_request(served: Served) -> None:
    """[4.6] After a reload those that are there do not come again, and would do no harm."""
    contents = {f"{n}": os.urandom(n * 13) for n in range(1, 9)}
    body = {
        "group": GROUP,
        "files": [{"path": [n], "size": len(it), "mtime_ns": 5} for n, it in contents.items()],
    }
    ids = [one["id"] for one in served.ask("POST", "/v1/uploads", body)[1]["uploads"]]
    assert put_together(served, ids[:3], *list(contents.values())[:3], count=3) == (200, {"whole": 3})
    assert [one["have"] for one in served.ask("POST", "/v1/uploads", body)[1]["uploads"]][:4] == [
        13,
        26,
        39,
        0,
    ]
    assert put_together(served, ids, *contents.values(), count=8) == (200, {"whole": 8})
    uploads = served.profile.uploads
    assert {upload.path[0].decode(): content_of(uploads, upload) for upload in uploads.all()} == contents


def test_of_small_files_that_break_off_whole_ones_stay(served: Served) -> None:
    """[4.6] And a newer request for one of them goes on at once, alone or together (4.3)."""
    ids = [begin(served, f"{n}", size=1000)["id"] for n in range(4)]
    with closing(NodeConnection(served.home)) as connection:
        connection.putrequest("PUT", "/v1/uploads?count=4")
        connection.putheader("Content-Length", str(4 * (32 + 1000)))
        connection.endheaders()
        connection.sock.sendall("".join(ids).encode() + bytes(2500))
        assert put(served, ids[3], 0, bytes(1000)) == (200, {"have": 1000})
        assert put_together(served, ids[2:], bytes(2000), count=2) == (200, {"whole": 2})
    assert put_together(served, ids, bytes(2500), count=4)[0] == 200
    assert [one["have"] for one in listed(served)] == [1000] * 4


@pytest.mark.parametrize(
    ("count", "ids"),
    [
        *(("0", []), ("", []), ("-1", []), ("x", []), ("1e1", []), (str(web.TOGETHER_MAX + 1), [])),
        *(("1", []), ("2", ["0" * 32]), ("1", ["AB" * 16]), ("1", ["\xff" * 16])),
    ],
)
def test_who_says_it_otherwise_brings_nothing(served: Served, count: str, ids: list[str]) -> None:
    """[4.6]"""
    status, told = put_together(served, ids, count=count)
    assert (status, "api 4.6" in told["what"]) == (400, True)
