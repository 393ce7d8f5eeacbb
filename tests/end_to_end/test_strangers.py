"""What a prober, a guesser and a hostile peer get from the real programs: nothing, or one guess."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from end_to_end.programs import Person, describe, events, fill, hand_over
from lab import Host, Lab, Radio
from satchel.core.pairing.words import WORDS

pytestmark = pytest.mark.lab

PROBE = """
import socket, sys, time
host, port, hexed, wait_s = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
with socket.create_connection((host, port), 5) as probe:
    probe.sendall(bytes.fromhex(hexed))
    probe.settimeout(wait_s)
    try:
        print("answer", probe.recv(4096).hex())
    except TimeoutError:
        print("silence")
    except ConnectionResetError:
        print("reset")
"""


def probe(host: Host, address: str, data: bytes, wait_s: float = 3.0) -> str:
    ip, _, port = address.rpartition(":")
    return host.run([sys.executable, "-c", PROBE, ip, port, data.hex(), str(wait_s)]).stdout.strip()


def v4(code: dict[str, list[str]]) -> str:
    return next(a for a in code["addresses"] if "[" not in a and not a.startswith("127."))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        bytes.fromhex("1603010200010001fc0303") + bytes(500),
        b"SSH-2.0-x\r\n",
        bytes(255),
        bytes(256),
        bytes(range(256)) * 200,
    ],
    ids=["nothing", "one byte", "HTTP", "TLS", "SSH", "255 bytes", "256 bytes", "much"],
)
def test_a_stranger_gets_no_byte(lab: Lab, tmp_path: Path, data: bytes) -> None:
    """P1"""
    amina, mallory = Person(lab.host("amina")), lab.host("mallory")
    letter = tmp_path / "letter"
    letter.write_text("x")
    sending = amina.send(letter)
    at = v4(sending.expect_event("code"))
    with lab.watch() as watch:
        assert probe(mallory, at, data) in ("silence", "answer")
    ip, _, port = at.rpartition(":")
    assert watch.traffic().answer_bytes(server=ip, port=int(port), client=mallory.ip) == 0
    assert not [event for event in events(sending) if event["event"] == "guess"]


GUESS = """
import os, socket, sys
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.typist import Typist
host, port, typed, then = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
typist = Typist(SpokenCode.parse(typed))
call = typist.call(address=bytes(16), port=0, scalar=os.urandom(32), fill=os.urandom(208))
with socket.create_connection((host, port), 5) as pipe:
    pipe.sendall(call.flight)
    pipe.settimeout(5)
    answer = b""
    while len(answer) < 256:
        part = pipe.recv(4096)
        if not part:
            break
        answer += part
    got = len(answer)
    if then == "confirm" and got >= 256:
        pipe.sendall(call.hear_answer(answer[:256]).confirmation + os.urandom(1232))
        try:
            got += len(pipe.recv(4096))
        except (TimeoutError, ConnectionResetError):
            pass
    print(got)
"""


@pytest.mark.parametrize("then", ["confirm", "hang up"])
def test_a_wrong_guess_gets_one_share_and_is_counted_and_shown(lab: Lab, tmp_path: Path, then: str) -> None:
    """P2: the share is 256 bytes and no more; the guess counts whether it is finished or not; then the
    right person still gets in."""
    tree = fill(tmp_path / "tree", files=3, total_bytes=50_000)
    amina, bilal, mallory = Person(lab.host("amina")), Person(lab.host("bilal")), lab.host("mallory")
    sending = amina.send(tree)
    code = sending.expect_event("code")
    ip, _, port = v4(code).rpartition(":")
    channel = code["code"].split()[0]
    wrong = " ".join([channel, *[word for word in WORDS if word not in code["code"]][:3]])
    got = mallory.run([sys.executable, "-c", GUESS, ip, port, wrong, then]).stdout.strip()
    assert got == "256"
    assert sending.expect_event("guess") == {"event": "guess", "number": 1, "of": 16}
    time.sleep(2.5)  # the pause after a wrong one
    receiving = bilal.receive(code["code"])
    assert receiving.wait(20) == 0, receiving.text
    assert sending.wait(20) == 0
    assert describe(bilal.into / "tree") == describe(tree)


def test_a_wrong_code_is_told_to_both(lab: Lab, tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("x")
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    sending = amina.send(letter)
    code = sending.expect_event("code")["code"]
    wrong = " ".join([code.split()[0], *[word for word in WORDS if word not in code][:3]])
    receiving = bilal.receive(wrong)
    assert receiving.wait(30) == 4, receiving.text
    assert sending.expect_event("guess")["number"] == 1
    assert list(bilal.into.iterdir()) == []
    # A typing mistake costs one guess, not one for each time the two hear each other.
    assert len([event for event in events(sending) if event["event"] == "guess"]) == 1


def test_nothing_secret_is_in_the_process_list_or_the_environment(lab: Lab, tmp_path: Path) -> None:
    """croc CVE-2023-43621: the code is never an argument."""
    letter = tmp_path / "letter"
    letter.write_text("x")
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    sending = amina.send(letter)
    code = sending.expect_event("code")["code"]
    receiving = bilal.receive(code, yes=False)
    receiving.expect_event("offer")
    words = [word.encode() for word in code.split()[1:]]
    for dialogue in (sending, receiving):
        pid = dialogue.process.inner()
        for name in ("cmdline", "environ"):
            kept = Path(f"/proc/{pid}/{name}").read_bytes()
            assert not any(word in kept.split(b"\0") for word in words)
    done = subprocess.run(
        [sys.executable, "-m", "satchel.cli.main", "receive", *code.split()], capture_output=True, check=False
    )
    assert done.returncode == 2


def test_the_profile_is_for_its_owner_only(lab: Lab, tmp_path: Path) -> None:
    """T1 until the encrypted profile: 0600, and gone when the hand-over is over."""
    tree = fill(tmp_path / "tree", files=3, total_bytes=50_000)
    amina, bilal = Person(lab.host("amina")), Person(lab.host("bilal"))
    hand_over(amina, bilal, tree)
    for person in (amina, bilal):
        for path in [person.profile, *person.profile.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path
        kept = b"".join(path.read_bytes() for path in person.profile.rglob("*") if path.is_file())
        assert b"tree" not in kept


def test_the_datagrams_on_the_air_look_random_and_frozen(lab: Lab, tmp_path: Path) -> None:
    """W1, W2: 530 bytes, always; repeated unchanged; nothing of the names or the code in them."""
    letter = tmp_path / "a-name-to-look-for"
    letter.write_text("x")
    amina = Person(lab.host("amina"))
    with lab.watch() as watch:
        sending = amina.send(letter)
        code = sending.expect_event("code")["code"]
        time.sleep(4)
    from_amina = [p for p in watch.traffic().from_programs() if p.destination_port == 61530]
    assert len(from_amina) >= 3
    assert {packet.payload_bytes for packet in from_amina} == {530}
    captured = watch.path.read_bytes()
    for secret in [b"a-name-to-look-for", *[word.encode() for word in code.split()[1:]], b"amina"]:
        assert secret not in captured


def test_the_code_opens_nothing_once_it_was_used(lab: Lab, tmp_path: Path) -> None:
    """A code is for one hand-over: while files go to Bilal, Mallory who overheard it gets nothing."""
    tree = fill(tmp_path / "tree", files=5, total_bytes=20_000_000)
    amina, bilal, mallory = Person(lab.host("amina")), Person(lab.host("bilal")), lab.host("mallory")
    lab.shape(amina.host, Radio(rate_bps=40e6))
    sending = amina.send(tree)
    code = sending.expect_event("code")
    receiving = bilal.receive(code["code"])
    receiving.expect_event("progress")
    ip, _, port = v4(code).rpartition(":")
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = mallory.run([sys.executable, "-c", GUESS, ip, port, code["code"], "confirm"], check=False)
        assert done.stdout.strip() in ("0", "")
    assert receiving.wait(30) == 0
    assert sending.wait(30) == 0
    assert describe(bilal.into / "tree") == describe(tree)


def test_no_address_beyond_the_neighbourhood_is_dialled(lab: Lab) -> None:
    bilal = Person(lab.host("bilal", route="void"))
    with lab.watch() as watch:
        for at in ("8.8.8.8:4000", "[2001:4860:4860::8888]:4000", "example.org:4000"):
            receiving = bilal.satchel("receive", "--at", at)
            receiving.type("482 apple river stone")
            assert receiving.wait(10) == 2, receiving.text
            assert all(events(receiving)[-1][part] for part in ("what", "safe", "do"))
    assert len(watch.traffic().non_local()) == len(watch.traffic().name_queries()) == 0
