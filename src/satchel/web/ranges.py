"""What part of some content a header `Range` asks for: RFC 9110, 14. Pure."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of `size_bytes`."""

    first: int
    end: int  # behind the last
    size_bytes: int

    @property
    def length(self) -> int:
        return self.end - self.first

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.end - 1}/{self.size_bytes}"


class BeyondTheEnd(Exception):
    """Nothing of what is asked for is there."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.content_range = f"bytes */{size_bytes}"


def asked_span(header: str | None, size_bytes: int) -> Span | None:
    """One span; None: the whole, also where several are asked for, or what nobody understands (14.2).

    Raises:
        BeyondTheEnd: none of it is there.
    """
    found = _ONE.fullmatch(header.strip()) if header is not None else None
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        last = min(int(found[2]), size_bytes)
        first, end = size_bytes - last, size_bytes
    else:
        first = int(found[1])
        end = min(int(found[2]) + 1, size_bytes) if found[2] else size_bytes
        if found[2] and int(found[2]) < first:
            return None
    if first >= size_bytes or first >= end:
        raise BeyondTheEnd(size_bytes)
    return Span(first, end, size_bytes)
