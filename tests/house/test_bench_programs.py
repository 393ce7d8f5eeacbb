"""What the programs inside hosts say of themselves is right: it is what every figure stands on."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arch.tree import ROOT
from bench.certificate import make_certificate
from bench.figures import GIB, Sample
from bench.inside.bound import CHUNK_BYTES, PART_BYTES, SEALED_BYTES, TAG_BYTES, parts
from bench.inside.prober import HELLO, KINDS
from bench.track import track
from bench.workspace import digest, random_file, random_tree, workspace

MEASURED = ROOT / "bench" / "inside" / "measured.py"


def measure(report: Path, *command: str) -> int:
    line = [sys.executable, "-I", "-S", str(MEASURED), str(report), *command]
    return subprocess.run(line, check=False, timeout=30).returncode


@pytest.mark.lab  # setpriv is of the laboratory
def test_what_a_program_used_is_written_down(tmp_path: Path) -> None:
    source = random_file(tmp_path / "source", 1 << 20)
    busy = (
        f"data = open({str(source)!r}, 'rb').read(); room = bytearray(60_000_000)\n"
        "sum(n * n for n in range(2_000_000)); raise SystemExit(3)"
    )
    assert measure(tmp_path / "report", sys.executable, "-c", busy) == 3
    found = json.loads((tmp_path / "report").read_text())
    assert 0.02 < found["user_s"] + found["system_s"] <= 2 * (found["ended_s"] - found["started_s"])
    assert 60_000_000 < found["rss_bytes"] < GIB
    assert found["read_bytes"] >= 1 << 20


@pytest.mark.lab
def test_a_program_that_was_killed_is_no_success(tmp_path: Path) -> None:
    assert measure(tmp_path / "report", "sh", "-c", "kill -9 $$") == 128 + 9


@pytest.mark.parametrize("length", [1, PART_BYTES, PART_BYTES + 1, CHUNK_BYTES])
def test_parts_of_the_bound_cover_a_chunk_once(length: int) -> None:
    cut = parts(length)
    assert [start for start, _, _, _ in cut] == [0, *(end for _, end, _, _ in cut[:-1])]
    assert cut[-1][1] == length
    assert cut[-1][3] == length + TAG_BYTES * len(cut) <= SEALED_BYTES
    assert all(to - at == end - start + TAG_BYTES for start, end, at, to in cut)


def test_the_tls_stranger_says_as_much_as_it_announces() -> None:
    assert len(HELLO) == 5 + int.from_bytes(HELLO[3:5], "big") == 9 + int.from_bytes(HELLO[6:9], "big")


def test_a_workspace_is_gone_afterwards(tmp_path: Path) -> None:
    with workspace(tmp_path, 1000) as folder:
        tree = random_tree(folder / "tree", files=3, size_bytes=10, per_folder=2)
        before = digest(tree)
        (tree / "folder 0001" / "file 000002.bin").write_bytes(b"else")
        assert digest(tree) != before
    assert list(tmp_path.iterdir()) == []


def test_an_answer_to_a_stranger_is_counted() -> None:
    """Else "not one byte" would hold for a sender that greets everybody."""
    greeting = b"Welcome"
    command = [sys.executable, "-m", "bench.inside.prober", "probe", str(len(KINDS))]
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as program,
    ):
        server.settimeout(20)
        assert program.stdin is not None
        program.stdin.write(f"127.0.0.1 {server.getsockname()[1]} {bytes(256).hex()}\n")
        program.stdin.flush()
        for _ in KINDS:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(20)
                connection.sendall(greeting)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
        output, _ = program.communicate(timeout=20)
    found = json.loads(output.splitlines()[-1])
    assert found["answer_bytes"] == len(KINDS) * len(greeting)
    assert found["open_most"] == len(KINDS)


@pytest.mark.lab
@pytest.mark.parametrize("name", ["plain", "tls", "bound", "tar", "hand_over"])
def test_each_contestant_brings_the_file_over(make_lab: object, tmp_path: Path, name: str) -> None:
    """A limit that loses bytes would be none."""
    path = random_file(tmp_path / "one.bin", 3 * CHUNK_BYTES + 1)
    with track(tmp_path, timeout_s=30) as pair:
        more = make_certificate(tmp_path) if name == "tls" else ()
        found: Sample = getattr(pair, name)(path, *more)
        pair.compare(path)
    assert found.size_bytes == 3 * CHUNK_BYTES + 1
    assert 0 < found.payload_s < found.whole_s
    assert found.sender.cpu_s > 0 < found.receiver.cpu_s
