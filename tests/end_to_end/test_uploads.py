"""What a browser brings to a node reaches others whole: through crashes, by code and by queue (T1, T2)."""

import hashlib
import json
import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from end_to_end.acquainted import couple
from end_to_end.programs import Person, digest_of
from end_to_end.test_queue import delivered, taking_up
from end_to_end.test_up import HERE_S, told, up
from lab import Dialogue, Lab
from satchel.cli.over_node import NodeConnection

pytestmark = pytest.mark.lab
MIB = 1 << 20
BLOCK = 256 * 1024
GROUP = "ab" * 16
SIZE = 300 * MIB + 12_345
PIECE = 16 * MIB
GROWS_MAX_KIB = 50_000  # of the node, while it is brought 4 GiB
PATIENCE_S = 300.0


def ask(person: Person, method: str, path: str, body: object = None) -> Any:
    with closing(NodeConnection(person.profile)) as connection:
        connection.request(method, path, body=None if body is None else json.dumps(body).encode())
        connection.sock.settimeout(PATIENCE_S)
        response = connection.getresponse()
        data = response.read()
        assert response.status in (200, 204), data
        return json.loads(data) if data else None


def begin(person: Person, *path: str, size: int, group: str = GROUP) -> Any:
    file = {"path": path, "size": size, "mtime_ns": 10**18}
    [begun] = ask(person, "POST", "/v1/uploads", {"group": group, "files": [file]})["uploads"]
    return begun


def put(person: Person, id: str, at: int, content: memoryview) -> int:
    with closing(NodeConnection(person.profile)) as connection:
        connection.request("PUT", f"/v1/uploads/{id}?at={at}", body=content)
        connection.sock.settimeout(PATIENCE_S)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        have: int = json.loads(response.read())["have"]
        return have


def bring(person: Person, content: memoryview, *path: str, group: str = GROUP) -> str:
    begun = begin(person, *path, size=len(content), group=group)
    have = begun["have"]
    while have < len(content):
        have = put(person, begun["id"], have, content[have : have + PIECE])
    id: str = begun["id"]
    return id


def uploads(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(person, "GET", "/v1/uploads")["uploads"]
    return found


def gone(person: Person, within_s: float = 10.0) -> None:
    ends_s = time.monotonic() + within_s
    while uploads(person):
        assert time.monotonic() < ends_s, uploads(person)
        time.sleep(0.1)
    assert not any((person.profile / "blobs").iterdir())


def test_brought_through_a_crash_and_sent_by_code_and_by_queue(fast_lab: Lab, tmp_path: Path) -> None:
    """300 MB in pieces, `kill -9` in the middle of one: it goes on; the receivers have what was brought."""
    giver, taker = couple(fast_lab)
    node = up(giver)
    whole = os.urandom(1 * MIB) * (SIZE // MIB) + os.urandom(SIZE % MIB)
    content = memoryview(whole)
    begun = begin(giver, "film.mkv", size=SIZE)
    have = 0
    while have < SIZE // 3:
        have = put(giver, begun["id"], have, content[have : have + PIECE])
    with closing(NodeConnection(giver.profile)) as cut_off:
        cut_off.putrequest("PUT", f"/v1/uploads/{begun['id']}?at={have}")
        cut_off.putheader("Content-Length", str(SIZE - have))
        cut_off.endheaders()
        cut_off.sock.sendall(content[have : have + 7 * BLOCK + 99])
        giver.host.crash()
    node.wait(10)
    node = up(giver)
    again = begin(giver, "film.mkv", size=SIZE)
    assert again["id"] == begun["id"]
    assert have <= again["have"] <= have + 7 * BLOCK
    id = bring(giver, content, "film.mkv")
    bring(giver, memoryview(b"a note"), "Trip", "note.txt")

    # By code: to two, together with a file of the disk; one of them breaks off and comes back.
    letter = giver.host.home / "letter.txt"
    letter.write_bytes(b"see the film")
    sending = giver.satchel("send", letter, "--upload", GROUP)
    receiving = taker.receive(sending.expect_event("code")["code"])
    while receiving.expect_event("progress", 20)["moved"] < SIZE // 4:
        pass
    taker.host.crash()
    receiving.wait(10)
    sending.expect_event("lost", 30)
    giver.host.crash()  # and the giver's program ends, too
    for dialogue in (sending, node):
        dialogue.wait(10)
    node = up(giver)
    assert {one["id"] for one in uploads(giver)} >= {id}
    sending, receiving = giver.satchel("send"), taker.resume_receiving()
    assert receiving.wait(PATIENCE_S) == 0, receiving.text[-2000:]
    assert sending.wait(30) == 0, sending.text[-2000:]
    assert digest_of(os.fsencode(taker.into / "film.mkv")) == digest_of_bytes(whole, tmp_path)
    assert (taker.into / "Trip" / "note.txt").read_bytes() == b"a note"
    assert (taker.into / "letter.txt").read_bytes() == b"see the film"
    gone(giver)

    # By queue: it waits over a crash, and goes when the contact is near.
    id = bring(giver, content[: 20 * MIB + 5], "part.mkv")
    told(giver, "send", "--upload", id, "--to", taker.host.name)
    giver.host.crash()
    node.wait(10)
    here, there = taking_up(giver, taker)
    here.expect_event("peer", HERE_S)
    delivered(there)
    delivered(here)
    part = (taker.into / "part.mkv").read_bytes()
    assert hashlib.sha256(part).digest() == hashlib.sha256(content[: 20 * MIB + 5]).digest()
    gone(giver)


def test_two_take_it_with_one_code(fast_lab: Lab) -> None:
    """It stays until both have it all, though one has it long before."""
    giver, taker = couple(fast_lab)
    node = up(giver)
    content = os.urandom(30 * MIB + 5)
    bring(giver, memoryview(content), "Trip", "film.mkv")
    sending = giver.satchel("send", "--for", "2", "--upload", GROUP)
    code = sending.expect_event("code")["code"]
    for name in ("one", "two"):
        into = taker.host.home / name
        receiving = taker.satchel("receive", "--ephemeral", "--yes", "--into", into)
        receiving.type(code)
        assert receiving.wait(PATIENCE_S) == 0, receiving.text[-2000:]
        assert (into / "Trip" / "film.mkv").read_bytes() == content
        if name == "one":
            assert [one["sent"] for one in uploads(giver)] == [True]
    assert sending.wait(30) == 0, sending.text[-2000:]
    gone(giver)
    giver.host.crash()
    node.wait(10)


def digest_of_bytes(content: bytes, tmp_path: Path) -> bytes:
    path = tmp_path / "compared"
    path.write_bytes(content)
    return digest_of(os.fsencode(path))


def resident_kib(person: Person, field: str) -> int:
    pid = (person.profile / "lock").read_text()
    for line in person.host.run(["cat", f"/proc/{pid}/status"]).stdout.splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise AssertionError(field)


@pytest.mark.slow
def test_four_gibibytes_let_the_node_grow_by_little(fast_lab: Lab) -> None:
    """P3, and a machine with 1 GB: however large a file is, and however slow the disk."""
    person = couple(fast_lab)[0]
    node: Dialogue = up(person)
    bring(person, memoryview(bytes(MIB)), "warm")  # what is loaded for the first one
    before = resident_kib(person, "VmRSS")
    size = 4 << 30
    begun, zeros = begin(person, "zeros", size=size), bytes(MIB)
    began_s = time.monotonic()
    with closing(NodeConnection(person.profile)) as connection:
        connection.putrequest("PUT", f"/v1/uploads/{begun['id']}?at=0")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        connection.sock.settimeout(PATIENCE_S)
        for _ in range(size // MIB):
            connection.sock.sendall(zeros)
        assert json.loads(connection.getresponse().read()) == {"have": size}
    took_s = time.monotonic() - began_s
    grown = resident_kib(person, "VmHWM") - before
    print(f"4 GiB: {size / 1e6 / took_s:.0f} MB/s, the node grew by {grown} KiB")
    assert grown <= GROWS_MAX_KIB
    ask(person, "DELETE", f"/v1/uploads/{GROUP}")
    gone(person)
    person.host.crash()
    node.wait(10)
