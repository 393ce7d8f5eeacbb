"""The local socket of a running node: what it answers, whom, and what it bears (M3, M4, T1)."""

import argparse
import json
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.node_kit import SCREEN, Following, Served, serving
from satchel.cli import contacts_cmd, jobs, local_socket, over_node
from satchel.cli.over_node import NodeConnection
from satchel.cli.profile import open_existing
from satchel.cli.remote_console import HELD_BYTES_MAX
from satchel.cli.show import Show
from satchel.confinement.landlock import can_confine_writes
from satchel.core.identity.contacts import ContactId
from satchel.core.opening.effects import WentBack, WeWentBack
from satchel.node import events
from satchel.web.answers import BODY_BYTES_MAX
from satchel.web.serving import CONNECTIONS_MAX, HEADERS_BYTES_MAX


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "profile", "bilal", "chen") as running:
        yield running


def test_the_status(served: Served) -> None:
    code, status = served.ask("GET", "/v1/status")
    assert code == 200
    assert (status["mode"], status["near"], status["waiting"]) == ("open", [], [])
    assert [address.partition(":")[0] for address in status["addresses"]] == ["wlan0"]


def test_a_copy_is_told_until_the_node_ends(served: Served) -> None:
    """[2.6] It is shown once, and a node in the background has no screen: `status` says it."""
    node = served.node
    assert node is not None
    bilal, chen = (contact.id for contact in node._contacts.all())
    theirs, ours = WentBack(told=1, known=2), WeWentBack(told=1, known=2)
    for contact, shown in ((bilal, theirs), (bilal, theirs), (chen, ours)):
        node.presence.hear(events.PeerMet(contact=contact, name="x", shown=(shown,)))
        node.presence.hear(events.PeerGone(contact=contact, name="x", broke=False))
    _, status = served.ask("GET", "/v1/status")
    told = {(copy["contact"], copy["verified"], copy["ours"]) for copy in status["copies"]}
    assert told == {("bilal", True, False), ("chen", True, True)}


def test_the_events_come_from_whatever_thread_tells_them(served: Served) -> None:
    """[2.5]"""
    node = served.node
    assert node is not None
    with closing(NodeConnection(served.home)) as connection:
        connection.request("GET", "/v1/events")
        told = connection.getresponse()
        while not select.select([connection.sock], [], [], 0.1)[0]:  # its head comes before it listens
            node.presence.hear(events.PeerMet(contact=ContactId(b"1" * 16), name="bilal", verified=True))
        assert json.loads(told.readline()) == {"event": "peer", "contact": "bilal", "verified": True}


def test_the_socket_is_for_its_owner_alone(served: Served) -> None:
    """[1.1]"""
    assert stat.S_IMODE((served.home / "socket").stat().st_mode) == 0o600
    assert stat.S_IMODE(served.home.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_gets_nothing() -> None:
    """[1.2] Kept out by the modes; and where those fail, by whose process it is, without a byte."""
    ask = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try: s.connect(sys.argv[1])\n"
        "except PermissionError: print('refused'); sys.exit()\n"
        "try:\n"
        "    s.sendall(b'GET /v1/status HTTP/1.1\\r\\nHost: node\\r\\n\\r\\n')\n"
        "    print(len(s.recv(100)))\n"
        "except (ConnectionResetError, BrokenPipeError): print(0)\n"
    )

    def tried(running: Served) -> str:
        line = [sys.executable, "-c", ask, str(running.home / "socket")]
        return subprocess.run(line, capture_output=True, check=True, text=True).stdout.strip()

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "profile") as running:
        Path(folder).chmod(0o755)
        assert tried(running) == "refused"
        running.home.chmod(0o777)
        assert tried(running) == "refused"
        (running.home / "socket").chmod(0o777)
        assert tried(running) == "0"
        assert running.is_well()


def test_lock_ends_it(served: Served) -> None:
    assert served.ask("POST", "/v1/lock")[0] == 204
    assert served.locked.wait(5)


# --- what it bears ------------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"GET ", b"POST /v1/jobs HTTP/1.1\r\nContent-Length: "])
)
def test_any_bytes_leave_it_running(served: Served, data: bytes, before: bytes) -> None:
    with served.raw() as connection:
        connection.sendall(before + data)
        connection.shutdown(socket.SHUT_WR)
        assert not connection.recv(100).startswith(b"HTTP/1.1 2")
    assert served.is_well()


def answer_to(served: Served, data: bytes) -> bytes:
    with served.raw() as connection:
        try:
            connection.sendall(data)
            return connection.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def test_heads_and_bodies_are_bounded(served: Served) -> None:
    """[1.4]"""
    head = b"GET /v1/status HTTP/1.1\r\nX: " + b"x" * (2 * HEADERS_BYTES_MAX)
    assert answer_to(served, head)[9:12] in (b"400", b"")
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: node\r\nContent-Length: %d\r\n\r\n" % (1 << 40)
    assert answer_to(served, head + b" " * (BODY_BYTES_MAX + 1))[9:12] == b"400"
    code, problem = served.ask("POST", "/v1/jobs", {"words": ["x" * BODY_BYTES_MAX]})
    assert (code, problem["what"][:7]) == (400, "api 1.4")
    for body in (list[int](), "x", 3):
        assert served.ask("POST", "/v1/jobs", body)[0] == 400
    assert (
        answer_to(served, b"POST /v1/jobs HTTP/1.1\r\nHost: n\r\nContent-Length: 1\r\n\r\n{")[9:12] == b"400"
    )
    deep = b"[" * 200_000
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: n\r\nContent-Length: %d\r\n\r\n" % len(deep)
    assert answer_to(served, head + deep)[9:12] == b"400"
    assert served.is_well()


def test_connections_are_bounded(served: Served) -> None:
    """[1.4] And there is room again when some are closed."""
    many = [served.raw() for _ in range(CONNECTIONS_MAX)]
    assert served.ask("GET", "/v1/status")[0] == 503
    for one in many:
        one.close()
    limit_s = time.monotonic() + 5
    while not served.is_well():
        assert time.monotonic() < limit_s


def test_what_is_not_there(served: Served) -> None:
    """[1.6]"""
    assert served.ask("GET", "/v2/status")[0] == 404
    assert served.ask("GET", "/v1/jobs")[0] == 405
    assert served.ask("POST", "/v1/jobs/0123456789abcdef/stop", {})[0] == 404
    assert served.ask("POST", "/v1/jobs/0123456789abcdef/line", {"line": "y"})[0] == 404


GOOD: dict[str, Any] = {"words": ["contacts", "list"], "folder": "/", "screen": SCREEN, "locale": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": []},
        {"words": "contacts list"},
        {"words": ["contacts", 3]},
        {"words": ["contacts", "fly"]},
        {"words": ["contacts", "list", "--help"]},
        {"words": ["contacts", "list", "--ephemeral"]},
        {"words": ["restore", "/tmp/x"]},
        {"words": ["up"]},
        {"words": ["wipe", "--yes"]},
        {"folder": "here"},
        {"folder": "/a\0b"},
        {"folder": None},
        {"screen": None},
        {"screen": {**SCREEN, "columns": 0}},
        {"screen": {**SCREEN, "columns": 10**9}},
        {"screen": {**SCREEN, "typed": "yes"}},
        {"locale": None},
        {"locale": {"LANG": 3}},
    ],
    ids=str,
)
def test_what_is_no_job(served: Served, wrong: dict[str, Any]) -> None:
    """[3.1]"""
    code, problem = served.ask("POST", "/v1/jobs", GOOD | wrong)
    assert code == 400
    assert problem["what"]
    assert served.is_well()


# --- jobs ---------------------------------------------------------------------------------------------------


def test_a_job_is_the_command(served: Served) -> None:
    """[3.3] For a script its events, for a person its words."""
    told = Following(served, "contacts", "list", "--json").rest()
    assert [event["contact"] for event in told[:2]] == ["bilal", "chen"]
    assert told[2:] == [{"event": "done", "contacts": 2}, {"job": "over", "code": 0}]
    told = Following(served, "contacts", "list").rest()
    text = "".join(frame["text"] for frame in told if frame["job"] == "write" and frame["to"] == "out")
    assert [line.split() for line in text.splitlines()] == [
        ["by", "code", "bilal"],
        ["by", "code", "chen"],
        ["2", "contacts."],
    ]
    assert told[-1] == {"job": "over", "code": 0}


def test_a_question_is_answered_from_there(served: Served) -> None:
    """[3.4]"""
    asking = Following(served, "contacts", "forget", "bilal", "--json")
    asking.until(event="ask", what="forget")
    asking.until(job="read", what="line")
    for wrong in ({"line": 3}, {"line": "y\n"}, {"line": "y" * 5000}):
        assert asking.tell("line", wrong)[0] == 400
    assert asking.tell("line", {"line": "y"})[0] == 204
    assert asking.rest()[-1] == {"job": "over", "code": 0}
    assert [contact.name for contact in served.profile.contacts.all()] == ["chen"]
    again = Following(served, "contacts", "forget", "chen", "--json")
    again.until(job="read")
    assert again.tell("line", {"line": None})[0] == 204
    assert again.rest()[-1] == {"job": "over", "code": 4}
    assert [contact.name for contact in served.profile.contacts.all()] == ["chen"]


def test_nothing_is_asked_so_nothing_is_answered(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """[3.4] An answer does not wait for a question that comes later."""
    let_go = pipe_of(monkeypatch)
    waiting = Following(served, "contacts", "list", "--json")
    assert waiting.tell("line", {"line": "y"})[0] == 409
    let_go()
    assert waiting.rest()[-1]["code"] == 0


def pipe_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command that waits until it is let go."""
    reading, writing = os.pipe()

    def wait(_options: argparse.Namespace, _show: Show) -> int:
        return len(os.read(reading, 1)) - 1

    monkeypatch.setattr(contacts_cmd, "run", wait)
    return lambda: os.write(writing, b"x" * 1000)


def test_a_stop_is_ctrl_c(served: Served) -> None:
    asking = Following(served, "contacts", "forget", "bilal", "--json")
    asking.until(job="read")
    assert asking.tell("stop", {})[0] == 204
    told = asking.rest()
    assert (told[-2]["what"], told[-1]) == ("Stopped.", {"job": "over", "code": 1})
    assert len(served.profile.contacts.all()) == 2


def test_who_vanishes_has_stopped_it(served: Served) -> None:
    """[3.5]"""
    asking = Following(served, "contacts", "forget", "bilal", "--json")
    asking.until(job="read")
    asking.vanish()
    limit_s = time.monotonic() + 5
    while asking.tell("line", {"line": "y" * 5000})[0] != 404:  # too long, as long as it runs
        assert time.monotonic() < limit_s
    assert len(served.profile.contacts.all()) == 2


def test_jobs_are_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """[3.2]"""
    let_go = pipe_of(monkeypatch)
    running = [Following(served, "contacts", "list", "--json") for _ in range(jobs.DEEDS_MAX)]
    status, told = served.ask("POST", "/v1/jobs", GOOD)
    assert (status, told["what"]) == (503, "16 commands run in this Satchel already.")
    let_go()
    assert all(job.rest()[-1]["code"] == 0 for job in running)
    limit_s = time.monotonic() + 5
    while served.ask("POST", "/v1/jobs", GOOD)[0] != 200:
        assert time.monotonic() < limit_s


def test_who_waits_for_somebody_keeps_nothing_else_from_being_done(served: Served) -> None:
    """[3.2] With sixteen codes open a contact can still be forgotten, or given something."""
    kinds = (["receive", "--json", "--resume"], ["pair", "--show", "--json"], ["meet", "--json"])
    showing = [Following(served, "pair", "--show", "--json") for _ in range(jobs.JOBS_MAX)]
    for words in (*kinds, ["send", "--json", "--text"], ["contacts", "verify", "--json", "bilal"]):
        status, told = served.ask("POST", "/v1/jobs", {**GOOD, "words": words})
        assert (status, "wait for somebody" in told["what"]) == (503, True)
    for words in (["contacts", "rename", "--json", "bilal", "Bilal"], ["settings", "list", "--json"]):
        assert Following(served, *words).rest()[-1]["code"] == 0
    giving = Following(served, "send", "--json", "--text", "--to", "Bilal")
    giving.until(job="read")
    giving.tell("line", {"line": "hello"})
    assert giving.rest()[-1]["code"] == 0
    for job in showing:
        job.vanish()


def test_a_mistake_of_ours_ends_the_job_alone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_options: argparse.Namespace, _show: Show) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(contacts_cmd, "run", fail)
    told = Following(served, "contacts", "list", "--json").rest()
    assert "ZeroDivisionError" in told[0]["what"]
    assert told[-1] == {"job": "over", "code": 1}
    assert served.is_well()


def test_who_does_not_read_holds_up_only_its_job(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """[3.5] M3: what waits for a reader is bounded; and who leaves lets it go."""
    written: list[int] = []

    def flood(_options: argparse.Namespace, show: Show) -> int:
        for number in range(200):
            show.console.write("x" * 99_999 + "\n")
            written.append(number)
        return 0

    monkeypatch.setattr(contacts_cmd, "run", flood)
    slow = Following(served, "contacts", "list", "--json")
    time.sleep(1.0)
    assert len(written) * 100_000 < 8 * HELD_BYTES_MAX
    assert served.is_well()
    slow.vanish()
    limit_s = time.monotonic() + 5
    while len(written) < 200:
        assert time.monotonic() < limit_s
        time.sleep(0.01)


@pytest.mark.skipif(not can_confine_writes(), reason="this kernel has no Landlock")
def test_a_job_has_rights_of_its_own(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[3.6] M4: in the folder that was chosen for it, and nowhere else; and no other thread loses any."""

    def write(options: argparse.Namespace, show: Show) -> int:
        inside = Path(options.folder)
        open_existing(options, show).confine(inside)
        (inside / "new").write_text("new")
        with pytest.raises(PermissionError):
            (inside.parent / "outside").write_text("new")
        return 0

    monkeypatch.setattr(contacts_cmd, "run", write)
    for name in ("one", "other"):  # a second folder, although the first is for ever
        (tmp_path / name).mkdir()
        status, told = served.ask("POST", "/v1/jobs", GOOD | {"folder": str(tmp_path / name)})
        assert (status, json.loads(told.splitlines()[-1])) == (200, {"job": "over", "code": 0})
        assert (tmp_path / name / "new").read_text() == "new"
    assert not (tmp_path / "outside").exists()
    (tmp_path / "outside").write_text("by the node's other threads")
    assert served.is_well()


# --- the other end ------------------------------------------------------------------------------------------


def test_a_socket_that_nobody_listens_at(tmp_path: Path) -> None:
    """[1.1] What a killed node left is in nobody's way."""
    assert not over_node.runs(tmp_path)
    local_socket.listen(tmp_path).close()
    assert (tmp_path / "socket").exists()
    assert not over_node.runs(tmp_path)
    with local_socket.listen(tmp_path):
        assert over_node.runs(tmp_path)


def test_a_long_name_of_a_profile(tmp_path: Path) -> None:
    """A socket's own name has 107 bytes at most."""
    home = tmp_path / ("x" * 200)
    home.mkdir()
    with local_socket.listen(home):
        assert over_node.runs(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_the_socket_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    """Who can put one there would be told codes and texts."""
    with local_socket.listen(tmp_path):
        os.chown(tmp_path / "socket", 65534, 65534)
        assert not over_node.runs(tmp_path)
