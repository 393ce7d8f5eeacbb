"""Which books a filter means, and in which order, as SQL over the tables of the catalogue."""

from collections.abc import Sequence

from satchel.core.library.item import Item
from satchel.core.library.kinds import kind_of
from satchel.errors import MisuseError
from satchel.ports.library import Facet, Filter, Order
from satchel.store.library.texts import storable

Values = tuple[str | int, ...]
_OPEN = "number IN (SELECT s.book FROM shelved AS s JOIN shelf AS h ON h.number = s.shelf WHERE h.is_open)"
_ON_SHELF = "number IN (SELECT book FROM shelved WHERE shelf = ?)"
_IS_OPEN = "EXISTS (SELECT 1 FROM shelf AS h WHERE h.number = ? AND h.is_open)"
_HAS = "number IN (SELECT book FROM facet WHERE facet = ? AND value = ?)"
_BELOW = "number IN (SELECT book FROM facet WHERE facet = ? AND (value = ? OR value >= ? AND value < ?))"


def which(filter: Filter) -> tuple[str, Values]:
    """A condition on rows of `book`, and its values.

    With `is_open` a shelf that is not open has no books: a guest who asks for it by its number does not even
    learn which of those on open ones are on that one, too (G1).
    """
    clauses: list[str] = []
    values: list[str | int] = []
    if filter.shelf is not None:
        clauses.append(_ON_SHELF)
        values.append(filter.shelf)
        if filter.is_open:
            clauses.append(_IS_OPEN)
            values.append(filter.shelf)
    elif filter.is_open:
        clauses.append(_OPEN)
    if filter.language is not None:
        clauses.append(_BELOW)
        tag = storable(filter.language)
        values += [Facet.LANGUAGE.value, tag, f"{tag}-", f"{tag}."]  # the character behind "-" is "."
    for facet, value in (
        (Facet.AUTHOR, filter.author),
        (Facet.SUBJECT, filter.subject),
        (Facet.KIND, filter.kind),
    ):
        if value is not None:
            clauses.append(_HAS)
            values += [facet.value, storable(value)]
    return " AND ".join(clauses) or "1", tuple(values)


def in_order(order: Order, filter: Filter) -> tuple[str, Values]:
    """Raises MisuseError: the order of a shelf, and no shelf."""
    match order:
        case Order.TITLE:
            return "sort, number", ()
        case Order.NEWEST:
            return "number DESC", ()
        case Order.SHELF:
            if filter.shelf is None:
                raise MisuseError("only a shelf has an order of its own")
            return "(SELECT place FROM shelved WHERE shelf = ? AND book = number), number", (filter.shelf,)


def facets_of(item: Item) -> Sequence[tuple[str, str]]:
    """By what a book is found without looking into its record."""
    return [
        *((Facet.LANGUAGE.value, one) for one in item.languages),
        *((Facet.AUTHOR.value, one) for one in item.authors),
        *((Facet.SUBJECT.value, one) for one in item.subjects),
        (Facet.KIND.value, str(kind_of(item.parts[0].media_type))),
    ]
