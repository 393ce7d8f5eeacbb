"""A laboratory in which nothing may leave the neighbourhood: all frames are seen and counted.

No question to a name server, nothing to any address beyond the neighbourhood (lessons.md, 6).
"""

from lab.host import Host
from lab.network import Lab
from lab.pytest_plugin import SUMS
from lab.traffic import Traffic
from lab.watch import Watch

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

    def watched(self, island: str) -> Traffic:
        """All that was seen on an island so far."""
        return self._watched[island].traffic()

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
