"""Books open in a browser: the owner's, and those at the guests' door.

What a book says is never trusted (B1): its bytes are on an origin of their own, and each answer says what may
be done with it. Spec: docs/spec/reading.md.
"""

from satchel.web.reading.app import Reading
from satchel.web.reading.for_guests import BooksForGuests
from satchel.web.reading.origin import BookOrigin
from satchel.web.reading.shown import Find, Manners, ShownBook, ShownPart, shown_of

__all__ = ["BookOrigin", "BooksForGuests", "Find", "Manners", "Reading", "ShownBook", "ShownPart", "shown_of"]
