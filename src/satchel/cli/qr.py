"""A text as a picture that cameras read (a QR code), in a terminal or as a file.

The picture of a pairing is seen by everybody in the room, and is nobody's business outside it: a file of it
is for its owner only, and says nothing but what the picture does. Which text it is, and which errors a camera
may make, is docs/spec/pairing.md, 3.3.
"""

import contextlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from satchel.errors import EnvironmentProblem, MisuseError

if TYPE_CHECKING:
    import segno

QUIET_MODULES = 4  # of light around it: ISO/IEC 18004, 9.1
PIXELS_PER_MODULE = 8
CORRECTION = "m"  # 15 % may be unreadable; more would make the modules smaller on a small screen

# Two modules above each other in one character. With colours of its own: many terminals are dark, and
# not every camera reads a picture turned inside out.
_BLACK_ON_WHITE, _AS_BEFORE = "\x1b[30;107m", "\x1b[0m"
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def draw_for_terminal(text: str) -> str:
    """Lines of half blocks, each with its colours, without an end of line behind the last."""
    rows = [list(row) for row in _symbol(text).matrix_iter(border=QUIET_MODULES)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    pairs = (zip(rows[at], rows[at + 1], strict=True) for at in range(0, len(rows), 2))
    lines = ("".join(_HALVES[above & 1, below & 1] for above, below in pair) for pair in pairs)
    return "\n".join(f"{_BLACK_ON_WHITE}{line}{_AS_BEFORE}" for line in lines)


def draw_svg(text: str) -> bytes:
    """For a page: an image of its own, without a word of markup that was not made here."""
    drawn = io.BytesIO()
    _symbol(text).save(drawn, kind="svg", border=QUIET_MODULES, xmldecl=False, dark="#000", light="#fff")
    return drawn.getvalue()


def write_png(text: str, path: Path) -> None:
    """A new file, for its owner only.

    Raises:
        MisuseError: there is something of that name.
        EnvironmentProblem: it cannot be written; nothing of it is left.
    """
    symbol = _symbol(text)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise MisuseError(
            f"There is a file {str(path)!r} already.",
            safe="It was not changed.",
            do="Choose another name for the picture.",
        ) from exc
    except OSError as exc:
        raise _not_written(path, exc) from exc
    try:
        with open(file, "wb") as stream:
            symbol.save(stream, kind="png", scale=PIXELS_PER_MODULE, border=QUIET_MODULES)
    except OSError as exc:
        with contextlib.suppress(OSError):
            path.unlink()
        raise _not_written(path, exc) from exc


def _symbol(text: str) -> "segno.QRCode":
    import segno  # noqa: PLC0415 - costs time, and most commands draw nothing

    return segno.make_qr(text, error=CORRECTION, boost_error=False)


def _not_written(path: Path, exc: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"The picture {str(path)!r} cannot be written: {exc.strerror or exc}.",
        safe="Nothing of it was left there.",
        do="Choose a folder of yours on a disk with some room.",
    )
