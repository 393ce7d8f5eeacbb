"""In every test of this folder all frames are seen and counted: no question to a name server, nothing
to any address beyond the neighbourhood (lessons.md, 6). The sums are printed at the end."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Host, Lab, Watch
from lab.pytest_plugin import SUMS, need_lab

HEADERS_BYTES = 128


class WatchedLab(Lab):
    """A laboratory whose islands are watched from their first host on."""

    def __enter__(self) -> "WatchedLab":
        self._watched: dict[str, Watch] = {}
        self._moved: set[str] = set()
        super().__enter__()
        return self

    def host(self, name: str, island: str = "home", **more: bool | None) -> Host:  # type: ignore[override]
        self._look_at(island)
        return super().host(name, island, **more)  # type: ignore[arg-type]

    def move(self, host: Host, island: str = "home", *, keep_mac: bool = False) -> None:
        self._look_at(island)
        if host.place is not None:
            self._moved.add(host.name)
        super().move(host, island, keep_mac=keep_mac)

    def _look_at(self, island: str) -> None:
        if island not in self._watched:
            self._watched[island] = self.watch(island, snap_bytes=HEADERS_BYTES)

    def _is_neighbour(self, address: object) -> bool:
        return any(address in island.subnet for island in self.islands.values())

    def conclude(self) -> None:
        """Count everything that was seen; nothing of it may have left the neighbourhood."""
        SUMS.tests += 1
        for watch in self._watched.values():
            traffic = watch.traffic()
            # A moved host's last frames come out of its bad radio on the next island: still neighbours.
            strays = traffic.non_local().where(lambda packet: not self._is_neighbour(packet.destination))
            queries = traffic.name_queries()
            SUMS.packets += len(traffic)
            SUMS.name_queries += len(queries)
            SUMS.non_local += len(strays)
            assert len(queries) == 0, list(queries)[:3]
            assert len(strays) == 0, list(strays)[:3]
        for host in self.hosts.values():
            if host.name in self._moved:
                continue  # its kernel still tries to repeat what was on the way when the network went
            unroutable = host.counts().unroutable
            SUMS.unroutable += unroutable
            assert unroutable == 0, f"{host.name} tried to reach what it has no route to"


@pytest.fixture
def lab(make_lab: object) -> Iterator[Lab]:
    """A watched laboratory with no hosts yet."""
    with WatchedLab() as made:
        yield made
        made.conclude()


@pytest.fixture(scope="module")
def lasting_lab() -> Iterator[Lab]:
    """The same for all tests of a file: for recordings that many tests look at."""
    need_lab()
    with WatchedLab() as made:
        yield made
        made.conclude()


@pytest.fixture
def fast_lab(make_lab: object) -> Iterator[Lab]:
    """The same with large frames, for bulk."""
    with WatchedLab(offload=True) as made:
        yield made
        made.conclude()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", place], check=False).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)
