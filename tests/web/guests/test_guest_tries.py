"""A guest tries everything (G1, P3): what is closed shows in no answer, count, time or header."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Iterator

import pytest

from satchel.ports.library import BookNumber, Facet, ShelfNumber
from satchel.web.guests.open_shelves import OpenShelves
from satchel.web.guests.serving import REQUESTS_MAX
from web.guests.knocking import ATOM, BASE, FORMS, HTML, SECRET, Got, Guest, a_school, open_door
from web.guests.shelved import Shelved

CLOSED, PRIVATE = BookNumber(5), ShelfNumber(3)
OF_THE_CLOSED = ("Forbidden", "Private", "x-hidden", "Nobody Known", "Treason", "secret", "x-zim")
NOTHING = {"content-length": "0"}  # all that a stranger is told


@pytest.fixture(scope="module")
def shelved() -> Shelved:
    return a_school()


@pytest.fixture(scope="module")
def guest(shelved: Shelved) -> Iterator[Guest]:
    with open_door(shelved) as opened:
        yield opened


def everything(guest: Guest) -> dict[tuple[str, str], Got]:
    """All that can be reached by links, in all forms."""
    found: dict[tuple[str, str], Got] = {}
    before = f"http://127.0.0.1:{guest.port}{guest.base}"
    for accept in FORMS:
        waiting = ["/", "/search?query=quick", "/kind/zim", "/books?kind=zim"]
        while waiting:
            path = waiting.pop()
            if (path, accept) in found or "hl=" in path or "v=" in path:
                continue
            got = found[path, accept] = guest.get(path, accept=accept)
            assert got.status in (200, 404), path
            pieces = got.body.decode("utf-8", "replace").replace("&amp;", "&").split('"')
            waiting += [piece.removeprefix(before) for piece in pieces if piece.startswith(before + "/")]
    return {(path.replace("{?query}", ""), accept): got for (path, accept), got in found.items()}


@pytest.fixture(scope="module")
def answers(guest: Guest) -> dict[tuple[str, str], Got]:
    return everything(guest)


def test_g1_nothing_of_a_closed_shelf_is_anywhere(answers: dict[tuple[str, str], Got]) -> None:
    assert len(answers) > 50
    assert any(
        "Algebra" in got.text for (path, _), got in answers.items() if "/take/" not in path
    )  # it looks
    for (path, _), got in answers.items():
        said = f"{got.headers}".encode() + got.body
        assert not [word for word in OF_THE_CLOSED if word.encode() in said], path


def test_g1_answers_are_the_same_whether_there_is_a_closed_shelf_or_none() -> None:
    """Byte for byte, with all counts, times and tags."""
    without = a_school()
    for number in [CLOSED]:
        del without.books[number], without.covers[number], without.passages[number]
    for rows in (without.rows, without.names, without.times):
        del rows[PRIVATE]
    with open_door(without) as guest:
        port, alone = guest.port, everything(guest)
    with open_door(a_school()) as guest:
        among = everything(guest)
        own = guest.port

    def plain(answers: dict[tuple[str, str], Got], port: int) -> dict[tuple[str, str], tuple[object, ...]]:
        """Without the port, which stands in addresses and so in tags."""
        return {
            key: (
                got.status,
                got.body.replace(f":{port}/".encode(), b"/"),
                {name: said for name, said in got.headers.items() if name not in ("etag", "content-length")},
            )
            for key, got in answers.items()
        }

    assert plain(among, own) == plain(alone, port)


def test_g1_what_changes_on_a_closed_shelf_changes_nothing() -> None:
    shelved = a_school()
    with open_door(shelved) as guest:
        before = everything(guest)
        shelved.put("Forbidden, too", shelf="Private", languages=("en",), authors=("Bo",))
        shelved.put("On no shelf", shelf=None, languages=("en",))
        assert everything(guest) == before


def test_g1_handles_that_were_guessed_lead_nowhere(shelved: Shelved, guest: Guest) -> None:
    """Even the right ones: a shelf may have been open a moment ago."""
    shelves = OpenShelves(shelved.library, secret=SECRET, now_s=lambda: 0)
    handle = shelves.handle_of(CLOSED)
    item_id = shelved.books[CLOSED].id
    root = shelved.books[CLOSED].parts[0].root
    guesses = [handle, "1", "5", item_id.hex(), root.hex(), base64.b32encode(root).decode().lower(), "%2e%2e"]
    for guess in guesses:
        for path in (
            f"/book/{guess}",
            f"/take/{guess}/1.zim",
            f"/cover/{guess}",
            f"/read/{guess}/",
            f"/read/{guess}/content/0",
        ):
            assert guest.get(path, accept=HTML).status == 404, path
            assert "This is not here" in guest.get(path, accept=HTML).text or "%2e" in path
    for facet, value in (
        (Facet.LANGUAGE, "x-hidden"),
        (Facet.AUTHOR, "Nobody Known"),
        (Facet.SUBJECT, "Treason"),
    ):
        assert guest.get(f"/{facet.value}/{shelves.handle_of_value(facet, value)}").status == 404
    assert guest.get(f"/books?language={shelves.handle_of_value(Facet.LANGUAGE, 'x-hidden')}").status == 404


def test_no_handle_is_a_number_a_root_or_an_id(shelved: Shelved, answers: dict[tuple[str, str], Got]) -> None:
    """library 2.5, 6.2."""
    said = b"".join(got.body for (path, _), got in answers.items() if "/take/" not in path)
    for number, item in shelved.books.items():
        for secret in (item.id, *(part.root for part in item.parts)):
            for spelled in (
                secret,
                secret.hex().encode(),
                base64.b32encode(secret).lower(),
                base64.b64encode(secret),
            ):
                assert spelled not in said
        assert f'/book/{number}"'.encode() not in said


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "",
        "*",
        "/favicon.ico",
        "/robots.txt",
        "/new",
        BASE[:-1] + "/",
        BASE + "x/",
        BASE.upper() + "/",
        "/" + BASE + "/",
        "/." + BASE + "/",
        "/x/.." + BASE + "/",
        BASE.replace("a", "%61") + "/",
        "http://127.0.0.1" + BASE + "/",
        "/open.html",
        "/enter",
        "/static/page.js",
        "/v1/status",
        "/" + "a" * 8000,
        "/?" + "a=b&" * 1000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"])
def test_a_stranger_gets_the_same_nothing_for_everything(guest: Guest, method: str, target: str) -> None:
    got = guest.ask(method, target, accept=HTML)
    assert (got.status, got.headers, got.body) == (404, NOTHING, b"")


@pytest.mark.parametrize(
    "host",
    [
        "satchel.lan",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.2:{port}",
        "[::1]:{port}",
        "",
        "127.1:{port}",
    ],
)
def test_another_host_gets_nothing(guest: Guest, host: str) -> None:
    """DNS rebinding: a page on the web whose name leads here."""
    got = guest.ask("GET", BASE + "/", host=host.format(port=guest.port))
    assert (got.status, got.headers, got.body) == (404, NOTHING, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/books", "/take/x/1.epub", "/search?query=a"])
def test_nothing_is_changed_from_here(guest: Guest, method: str, path: str) -> None:
    got = guest.send(method, BASE + path, b"x" * 1000)
    assert (got.status, got.headers["allow"], got.body) == (405, "GET, HEAD", b"")
    assert got.headers["connection"] == "close"  # its body is not read to its end


@pytest.mark.parametrize(
    "path",
    [
        "/../",
        "/%2e%2e/",
        "/book/../books",
        "/book%2fx",
        "//books",
        "/books//",
        "/page.css/../../open.html",
        "/templates/list.html",
        "/static/page.css",
        "/page.css/x",
        "/shelf",
        "/shelf/x/y",
        "/owner",
        "/uploads",
        "/live",
        "/jobs",
        "/%00",
        "/%ff",
        "/read/",
        "/book/" + "a" * 3000,
    ],
)
def test_there_are_no_other_paths(guest: Guest, path: str) -> None:
    assert guest.get(path, accept=ATOM).status == 404
    assert guest.get(path, accept=HTML).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "page=1&" * 500,
        "q=" + "a" * 2000,
        "query=%ff",
        "query=" + "%22" * 300,
        "query=a%00b%1b[2J",
        "page=%D9%A3",
        "kind=exe",
        "language=x",
    ],
)
def test_queries_of_any_size_and_kind_are_answered(guest: Guest, query: str) -> None:
    for path in ("/books", "/search"):
        assert guest.get(f"{path}?{query}", accept=HTML).status in (200, 404)
    assert guest.get("/").status == 200


def test_heads_that_are_too_long_are_not_read(guest: Guest) -> None:
    with socket.create_connection(("127.0.0.1", guest.port), timeout=10) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * (20 << 10))
        assert endless.recv(100).startswith(b"HTTP/1.1 400 ")
    assert guest.get("/").status == 200


def test_every_answer_says_how_little_it_may_do(answers: dict[tuple[str, str], Got]) -> None:
    for (path, _), got in answers.items():
        assert got.headers.get("x-content-type-options") == "nosniff", (path, got)
        assert got.headers["referrer-policy"] == "no-referrer"
        assert got.headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in got.headers["content-security-policy"]
        assert "script-src" not in got.headers["content-security-policy"]
        assert "set-cookie" not in got.headers
        assert "server" not in got.headers
        is_beside = path in ("/page.css", "/icon.svg")
        assert got.headers["cache-control"] == ("private, max-age=3600" if is_beside else "no-store")
        assert b"<script" not in got.body


def test_an_old_capability_opens_nothing_and_a_closed_door_is_gone(shelved: Shelved) -> None:
    with open_door(shelved, base="/first") as guest:
        assert guest.get("/").status == 200
        held = socket.create_connection(("127.0.0.1", guest.port), timeout=10)
        port = guest.port
    with held:
        assert held.recv(1) == b""  # ended at once
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)
    with open_door(shelved, base="/second") as guest:
        assert guest.ask("GET", "/first/").headers == NOTHING


def test_closing_ends_what_is_being_taken() -> None:
    shelved = Shelved()
    number = shelved.put("Endless", size_bytes=1 << 36)
    shelved.parts[number, 0].data = lambda _offset, buffer: len(buffer)
    shelved.open("School")
    handle = OpenShelves(shelved.library, secret=SECRET, now_s=lambda: 0).handle_of(number)
    with open_door(shelved) as guest:
        taking = socket.create_connection(("127.0.0.1", guest.port), timeout=10)
        ask = f"GET {BASE}/take/{handle}/1.epub HTTP/1.1\r\nHost: 127.0.0.1:{guest.port}\r\n\r\n"
        taking.sendall(ask.encode())
        assert taking.recv(100).startswith(b"HTTP/1.1 200 ")
    with taking, contextlib.suppress(ConnectionResetError):
        while taking.recv(1 << 20):
            pass


def test_with_lan_open_no_address_has_to_be_known(shelved: Shelved) -> None:
    with open_door(shelved, base="") as guest:
        assert "Algebra" in guest.get("/books", accept=ATOM).text
        assert guest.get("/books", host="evil.example:80").status == 404


def test_a_connection_has_so_many_requests_and_its_last_answer_says_so(guest: Guest) -> None:
    with socket.create_connection(("127.0.0.1", guest.port), timeout=20) as busy:
        ask = f"HEAD / HTTP/1.1\r\nHost: 127.0.0.1:{guest.port}\r\n\r\n".encode()
        got = b""
        with busy.makefile("rb") as answers:
            for _ in range(REQUESTS_MAX):
                busy.sendall(ask)
                got = b"".join(iter(answers.readline, b"\r\n"))
            assert b"connection: close" in got
            assert answers.read() == b""
