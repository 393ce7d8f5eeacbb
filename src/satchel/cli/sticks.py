"""Where sticks are mounted at this moment: what the owner's page offers, which opens no folder itself."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

STICKS_MAX = 20
_PLACES = (b"/media/", b"/run/media/", b"/mnt/")  # where systems and people mount what can be taken away
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_POINT, _SOURCE = 4, 1  # in a line of mountinfo; the second behind the dash (proc(5))


def sticks() -> Sequence[str]:
    """Their folders, as paths in an event; none where the system does not tell."""
    with suppress(OSError):
        return sticks_in(Path("/proc/self/mountinfo").read_bytes())
    return []


def sticks_in(mountinfo: bytes) -> list[str]:
    """Of disks alone: what a program or another computer shows as a folder cannot be carried away."""
    found = set()
    for line in mountinfo.splitlines():
        before, _, behind = line.partition(b" - ")
        fields, source = before.split(b" "), behind.split(b" ")
        if len(fields) <= _POINT or len(source) <= _SOURCE or not source[_SOURCE].startswith(b"/dev/"):
            continue
        point = _ESCAPED.sub(lambda code: bytes([int(code[1], 8) & 0xFF]), fields[_POINT])
        if (point + b"/").startswith(_PLACES):
            found.add(os.fsdecode(point))
    return sorted(found)[:STICKS_MAX]
