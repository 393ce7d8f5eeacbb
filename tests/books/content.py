"""Content in memory, as the node reads it."""


class InMemory:
    """Implements Readable."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.is_closed = False

    @property
    def size_bytes(self) -> int:
        return len(self._content)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        part = self._content[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self.is_closed = True
