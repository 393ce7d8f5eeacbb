"""A radio that loses packets gets more pipes, a good cable stays with one, and a break loses nothing."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from end_to_end.programs import Person, describe, fill, hand_over, under_way, write_random
from lab import Host, Lab, Radio

pytestmark = pytest.mark.lab

BAD = Radio(rate_bps=54e6, delay_s=0.01, loss=0.01)


class Pipes:
    """The most connections at once that were seen on a host."""

    most = 0


@contextmanager
def counting_pipes(host: Host) -> Iterator[Pipes]:
    pipes = Pipes()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            established = host.run(["ss", "-tnH", "state", "established"]).stdout.splitlines()
            pipes.most = max(pipes.most, len(established))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield pipes
    finally:
        over.set()
        looking.join()


@pytest.fixture
def cubic_lab(make_lab: object) -> Iterator[Lab]:
    """Hosts whose kernel has no congestion control but CUBIC, as most have."""
    with Lab(congestion_fixed=True) as made:
        yield made


def test_a_lossy_radio_gets_many_pipes(cubic_lab: Lab, tmp_path: Path) -> None:
    big = tmp_path / "big"
    write_random(big, 16 << 20, random.Random(1))
    amina, bilal = Person(cubic_lab.host("amina")), Person(cubic_lab.host("bilal"))
    cubic_lab.shape(amina.host, BAD)
    with counting_pipes(amina.host) as pipes:
        hand_over(amina, bilal, big)
    assert 4 < pipes.most <= 16
    assert (bilal.into / "big").read_bytes() == big.read_bytes()
    assert bilal.temporary() == []


def test_a_good_cable_stays_with_one_pipe(fast_lab: Lab, tmp_path: Path) -> None:
    big = tmp_path / "big"
    write_random(big, 256 << 20, random.Random(1))
    amina, bilal = Person(fast_lab.host("amina")), Person(fast_lab.host("bilal"))
    with counting_pipes(amina.host) as pipes:
        hand_over(amina, bilal, big)
    assert pipes.most == 1


@pytest.mark.parametrize("victim", ["sender", "receiver"])
def test_kill_nine_with_many_pipes_loses_nothing(cubic_lab: Lab, tmp_path: Path, victim: str) -> None:
    tree = fill(tmp_path / "tree", files=30, total_bytes=12 << 20)
    amina, bilal = Person(cubic_lab.host("amina")), Person(cubic_lab.host("bilal"))
    cubic_lab.shape(amina.host, BAD)
    sending, receiving = under_way(amina, bilal, tree, moved=6 << 20)
    if victim == "sender":
        sending.process.kill()
        sending.wait()
        sending = amina.satchel("send")
    else:
        receiving.process.kill()
        receiving.wait()
        receiving = bilal.resume_receiving()
    assert receiving.wait(60) == 0, receiving.text + receiving.complaints
    assert sending.wait(60) == 0, sending.text + sending.complaints
    assert describe(bilal.into / "tree") == describe(tree)
    assert bilal.temporary() == []
