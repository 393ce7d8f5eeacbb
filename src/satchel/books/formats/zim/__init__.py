"""Archives of pages, as Kiwix makes them: ZIM, major versions 5 and 6, read from any place of any bytes.

`layout` reads what stands at one place, `clusters` opens what bodies lie in, `archive` finds entries.
`pages` is what is shown and found of a page, `reading` makes a book of all that. Spec: docs/spec/zim.md.
"""

from satchel.books.formats.zim.reading import examine, open, prepare

__all__ = ["examine", "open", "prepare"]
