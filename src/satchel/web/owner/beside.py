"""The files beside the pages: scripts, the style, the icon, and what other projects have made.

Those of others are in no commit: the build brings them (docs/decisions/0168-foreign-files-by-a-lock-file.md).
In a source tree that was never set up they are missing, and the page does without.
"""

from importlib.resources import files

from satchel.errors import NothingToDo

READER = ("foreign/qr/decode.js", "foreign/qr/index.js")  # reads pictures for reader.js
_SCRIPT = "text/javascript"
_KINDS = {
    "page.css": "text/css",
    "page.js": _SCRIPT,
    "live.js": _SCRIPT,
    "camera.js": _SCRIPT,
    "reader.js": _SCRIPT,
    "icon.svg": "image/svg+xml",
    **dict.fromkeys(READER, _SCRIPT),
}


def file_beside(name: str) -> tuple[bytes, str]:
    """Its content, and what kind it is (a media type). Raises NothingToDo: there is none of that name."""
    place = files("satchel.web").joinpath(name if name in READER else f"owner/static/{name}")
    if name not in _KINDS or not place.is_file():
        raise NothingToDo("page 2.6: there is no such file.")
    return place.read_bytes(), _KINDS[name]


def reads_pictures() -> bool:
    """Whether what reads them is here."""
    return all(files("satchel.web").joinpath(name).is_file() for name in READER)
