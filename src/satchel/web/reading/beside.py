"""The files beside a book that is read: our scripts and style, and what other projects have made.

Those of others are in no commit: the build brings them (docs/decisions/0168-foreign-files-by-a-lock-file.md).
Where they are missing, books are read without scripts.
"""

import re
from importlib.resources import files

from satchel.core.library.kinds import Kind
from satchel.errors import NothingToDo

_SCRIPT = "text/javascript"
_KINDS = {".js": _SCRIPT, ".mjs": _SCRIPT, ".css": "text/css", ".svg": "image/svg+xml"}
ICON = "icon.svg"  # the same as on the owner's page
_BINARY = "application/octet-stream"
_OURS = re.compile(r"[a-z]{1,20}\.(?:js|css)", re.ASCII)
_FOLIATE = (
    *("view.js", "epub.js", "epubcfi.js", "progress.js", "overlayer.js", "text-walker.js", "paginator.js"),
    *("fixed-layout.js", "vendor/zip.js"),
)
_PDFJS = (
    *("legacy/build/pdf.min.mjs", "legacy/build/pdf.worker.min.mjs"),
    *("wasm/jbig2_nowasm_fallback.js", "wasm/openjpeg_nowasm_fallback.js"),
)
_SCRIPTS = {
    Kind.EPUB: tuple(f"foliate-js/{name}" for name in _FOLIATE),
    Kind.PDF: tuple(f"pdfjs-dist/{name}" for name in _PDFJS),
}
_DATA = re.compile(
    r"pdfjs-dist/(?:cmaps/[A-Za-z0-9-]{1,40}\.bcmap|standard_fonts/[A-Za-z-]{1,30}\.(?:pfb|ttf))", re.ASCII
)


def own_file(name: str) -> tuple[bytes, str]:
    """Its content, and what kind it is (a media type). Raises NothingToDo: there is none of that name."""
    folder = files("satchel.web").joinpath("owner" if name == ICON else "reading", "static")
    place = folder.joinpath(name)
    if not (name == ICON or _OURS.fullmatch(name)) or not place.is_file():
        raise NothingToDo("reading 2.8: there is no such file.")
    return place.read_bytes(), _KINDS[f".{name.rpartition('.')[2]}"]


def foreign_file(name: str, kind: Kind) -> tuple[bytes, str]:
    """As `own_file`: what a book of this kind is shown with, and nothing else."""
    place = files("satchel.web").joinpath("foreign", name)
    is_data = kind is Kind.PDF and _DATA.fullmatch(name) is not None
    if not (is_data or name in _SCRIPTS.get(kind, ())) or not place.is_file():
        raise NothingToDo("reading 2.8: there is no such file.")
    return place.read_bytes(), _BINARY if is_data else _SCRIPT


def has_reader(kind: Kind) -> bool:
    """Whether what shows such books with scripts is here."""
    return kind in _SCRIPTS and all(
        files("satchel.web").joinpath("foreign", name).is_file() for name in _SCRIPTS[kind]
    )
