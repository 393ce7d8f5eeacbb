"""Books, hits and shelves as commands show them: lines for people, fields for scripts.

What stands first in a line is ours: no title can imitate it. All that comes from a book is escaped.
"""

from collections.abc import Sequence

from satchel.cli import units
from satchel.cli.letter_list import when
from satchel.cli.show import JsonShow, Show
from satchel.core.library.item import Direction
from satchel.escape import show_text
from satchel.ports.library import WHOLE, Aside, Book, Facet, Hit, Shelf

_INDENT = " " * 9
_HEADINGS_SHOWN_MAX = 20


def tell_book(show: Show, book: Book) -> None:
    """One of a list."""
    if isinstance(show, JsonShow):
        show.line("book", **fields_of(book))
        return
    item = book.item
    language = item.languages[0] if item.languages else ""
    show.console.write(
        f"{book.number:>7}  {book.kind:5}  {units.size(book.size_bytes):>7}  {language:5}  "
        f"{show_text(item.title)}{_by(item.authors)}\n"
    )


def tell_whole(show: Show, book: Book, shelves: Sequence[Shelf]) -> None:
    """All that is known of one."""
    item = book.item
    if isinstance(show, JsonShow):
        headings = [{"depth": one.depth, "title": one.title} for one in item.contents]
        more = {"shelves": [shelf.name for shelf in shelves], "contents": headings}
        show.line("book", **fields_of(book), **more)
        return
    rows = [
        ("", show_text(item.title)),
        ("by", show_text(", ".join(item.authors))),
        ("kind", f"{book.kind} ({item.parts[0].media_type})"),
        ("size", units.size(book.size_bytes)),
        ("language", ", ".join(item.languages)),
        ("pages", "right to left" if item.direction is Direction.RIGHT_TO_LEFT else ""),
        ("about", show_text(", ".join(item.subjects))),
        ("long", f"{item.pages:,} pages" if item.pages is not None else ""),
        ("lasts", units.duration(item.duration_s) if item.duration_s is not None else ""),
        ("added", when(item.added_s)),
        ("shelves", show_text(", ".join(shelf.name for shelf in shelves))),
    ]
    for name, value in rows:
        if value:
            show.console.write(f"{name or book.number:>9}  {value}\n")
    for heading in item.contents[:_HEADINGS_SHOWN_MAX]:
        show.console.write(f"{'':>9}  {'  ' * heading.depth}- {show_text(heading.title)}\n")
    if len(item.contents) > _HEADINGS_SHOWN_MAX:
        show.console.write(f"{'':>9}  and {len(item.contents) - _HEADINGS_SHOWN_MAX:,} more\n")


def tell_hit(show: Show, hit: Hit, book: Book) -> None:
    if isinstance(show, JsonShow):
        show.line(
            "hit",
            number=book.number,
            title=book.item.title,
            place=hit.place,
            heading=hit.heading,
            excerpt=hit.excerpt,
            marks=[list(mark) for mark in hit.marks],
        )
        return
    show.console.write(f"{book.number:>7}  {show_text(book.item.title)}{_by(book.item.authors)}\n")
    if hit.place != WHOLE:
        if hit.heading:
            show.console.write(f"{_INDENT}{show_text(hit.heading)}\n")
        show.console.write(f"{_INDENT}| {show_text(' '.join(hit.excerpt.split()))}\n")


def tell_aside(show: Show, aside: Aside) -> None:
    if isinstance(show, JsonShow):
        show.line(
            "aside", name=aside.name, bytes=aside.size_bytes, what=aside.what, do=aside.do, at_s=aside.at_s
        )
        return
    at = when(aside.at_s)
    show.console.write(f"{units.size(aside.size_bytes):>9}  {show_text(aside.name)}\n")
    show.console.write(f"{_INDENT}  {show_text(f'{aside.what} {aside.do}')}{f' ({at})' if at else ''}\n")


def tell_tally(show: Show, facet: Facet, values: Sequence[tuple[str, int]]) -> None:
    """Which values there are, and how many books have each."""
    if not isinstance(show, JsonShow) and values:
        show.console.write(f"{facet.value}\n")
    for value, count in values:
        if isinstance(show, JsonShow):
            show.line("facet", of=facet.value, value=value, books=count)
        else:
            show.console.write(f"{count:>9,}  {show_text(value)}\n")


def tell_shelf(show: Show, shelf: Shelf) -> None:
    if isinstance(show, JsonShow):
        show.line("shelf", name=shelf.name, open=shelf.is_open, books=shelf.count)
        return
    state = "OPEN" if shelf.is_open else ""
    show.console.write(f"{state:4}  {units.count(shelf.count, 'book'):>12}  {show_text(shelf.name)}\n")


def fields_of(book: Book) -> dict[str, object]:
    item = book.item
    return {
        "number": book.number,
        "kind": book.kind.value,
        "title": item.title,
        "authors": list(item.authors),
        "languages": list(item.languages),
        "direction": None if item.direction is None else ("ltr", "rtl")[item.direction],
        "subjects": list(item.subjects),
        "pages": item.pages,
        "duration_s": item.duration_s,
        "bytes": book.size_bytes,
        "media_type": item.parts[0].media_type,
        "added_s": item.added_s,
        "cover": item.cover is not None,
        "parts": len(item.parts),
    }


def _by(authors: Sequence[str]) -> str:
    if not authors:
        return ""
    more = f" and {len(authors) - 1} more" if len(authors) > 1 else ""
    return f"  ({show_text(authors[0])}{more})"
