"""`noted.py FILE COMMAND ...`: Satchel, that notes each block it hears of a contact, as a line of FILE.

A line is id, place and length, written in one call before the block is looked at: none is cut by a kill.
"""

import os
import sys
from typing import Any

from satchel.cli.main import main
from satchel.core.custody.taking import Taking


def note(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    hear = Taking.hear_block

    def noting(self: Taking, block: Any, clock_s: int | None) -> Any:
        lack = self._lacks.get(block.number)
        if lack is not None:
            os.write(file, f"{lack.id.hex()} {block.place} {len(block.data)}\n".encode())
        return hear(self, block, clock_s)

    Taking.hear_block = noting  # type: ignore[method-assign]


if __name__ == "__main__":
    note(sys.argv[1])
    sys.argv[1:2] = []
    sys.exit(main(sys.argv[1:]))
