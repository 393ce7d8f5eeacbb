"""What opens which kind of book: a module for each, in the limited process alone (B1).

Each is a `Format`: `examine(file, name)` and `open(file)`. It raises `unfit(Why...)`; whatever else it raises
counts as DAMAGED. When it is at work there is no file and no import any
more: what it would import later, or open, it gets in `prepare()`, which the zygote calls once. No threads.
"""

import importlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, cast

from satchel.books.sniffing import sniff
from satchel.books.unfit import Why, unfit
from satchel.core.library.kinds import Kind, kind_of
from satchel.ports.books import Facts, Format
from satchel.ports.library import Passage

MODULES: Mapping[Kind, str] = {
    Kind.EPUB: "epub",
    Kind.PDF: "pdf",
    Kind.ZIM: "zim",
    Kind.AUDIO: "audio",
    Kind.COMIC: "comic",
    Kind.PAGE: "page",
    Kind.TEXT: "text",
}


def format_of(kind: Kind) -> Format:
    """Raises UnfitBook: nothing here opens such a one."""
    if kind not in MODULES:
        raise unfit(Why.NOT_READ_HERE)
    try:
        return cast(Format, importlib.import_module(f"{__name__}.{MODULES[kind]}"))
    except ImportError as exc:
        raise unfit(Why.NOT_READ_HERE) from exc


def examine(file: BinaryIO, name: str) -> Iterator[Facts | Passage]:
    """The facts first, then what can be found in it. One without a title has the name of its file. Raises
    UnfitBook."""
    media_type = sniff(file, name)
    kind = kind_of(media_type)
    if kind is Kind.FILE:
        yield Facts(media_type=media_type, title=_stem(name))
        return
    file.seek(0)
    for found in format_of(kind).examine(file, name):
        if isinstance(found, Facts) and found.title is None:
            found = replace(found, title=_stem(name))
        yield found


def prepare() -> None:
    """Load all of it, once, before the first book."""
    for kind in MODULES:
        try:
            module = importlib.import_module(f"{__name__}.{MODULES[kind]}")
        except ImportError:
            continue  # its library is not there: this kind is not read here
        getattr(module, "prepare", lambda: None)()


def _stem(name: str) -> str | None:
    """Of a file, as a title."""
    return posixpath.splitext(posixpath.basename(name))[0].replace("_", " ").strip() or None
