"""What browsers have brought and nobody was given, as the page shows it: by what was chosen together."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from satchel.ports.uploads import Upload

NAMES_SHOWN = 3


@dataclass(slots=True, kw_only=True)
class Bunch:
    """Of one group of uploads."""

    group: str  # hexadecimal digits
    tops: dict[str, None] = field(default_factory=dict)  # names of what was chosen, in their order
    have_bytes: int = 0
    size_bytes: int = 0

    @property
    def names(self) -> list[str]:
        return list(self.tops)[:NAMES_SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.tops) - NAMES_SHOWN)


def bunches_of(uploads: Iterable[Upload]) -> list[Bunch]:
    """In the order of the first upload of each."""
    found: dict[bytes, Bunch] = {}
    for upload in uploads:
        bunch = found.setdefault(upload.group, Bunch(group=upload.group.hex()))
        bunch.tops[upload.path[0].decode("utf-8", "surrogateescape")] = None
        bunch.have_bytes += upload.have
        bunch.size_bytes += upload.size or 0
    return list(found.values())
