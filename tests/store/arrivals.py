"""One file that arrives whole, for tests and for the programs that tests start."""

from satchel.ports import Landing, Placed

MTIME_NS = 1_600_000_000_000_000_000


def receive(
    landing: Landing, number: int, path: tuple[bytes, ...], content: bytes, *, executable: bool = False
) -> Placed:
    """One file, in the order that survives a power cut."""
    landing.create(number)
    for start in range(0, len(content), 1000):
        landing.write(number, start, memoryview(content)[start : start + 1000])
    landing.finish(number, size=len(content), mtime_ns=MTIME_NS, executable=executable)
    landing.sync([number])
    placed = landing.place(number, path)
    landing.sync([])
    return placed
