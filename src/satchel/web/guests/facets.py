"""By what a list of books is made narrower, or ordered. Blocks."""

from dataclasses import replace

from satchel.core.library.kinds import Kind
from satchel.ports.library import Facet, Filter, Order
from satchel.web.guests.asking import Ask
from satchel.web.guests.feed import Choice, Choices
from satchel.web.guests.names import kind_name, language_name
from satchel.web.guests.open_shelves import OpenShelves
from satchel.web.owner import speech

CHOICES_MAX = 20


def narrowed(ask: Ask) -> dict[str, str]:
    """What of it is chosen in the address."""
    return {name: ask.fields[name] for name in ("language", "kind", "order") if name in ask.fields}


def facets(ask: Ask, shelves: OpenShelves, filter: Filter, order: Order) -> tuple[Choices, ...]:
    """Those by which there is something to choose. `filter`, `order`: of the list, with what is chosen."""
    _ = speech.language(ask.code).catalogue.gettext
    made = [
        _by(ask, shelves, filter, "language", _("Language")),
        _by(ask, shelves, filter, "kind", _("Kind")),
        _orders(ask, order),
    ]
    return tuple(one for one in made if one is not None)


def _by(ask: Ask, shelves: OpenShelves, filter: Filter, name: str, title: str) -> Choices | None:
    _ = speech.language(ask.code).catalogue.gettext
    if ask.path[0] == name:
        return None  # the list is that already
    facet = Facet.LANGUAGE if name == "language" else Facet.KIND
    around = replace(filter, language=None) if facet is Facet.LANGUAGE else replace(filter, kind=None)
    chosen, values = ask.fields.get(name), shelves.values_in(around, facet, count=CHOICES_MAX)
    if len(values) < 2 and chosen is None:
        return None
    others = {key: said for key, said in narrowed(ask).items() if key != name}
    choices = [Choice(title=_("All"), href=ask.to(*ask.path, **others), is_active=chosen is None)]
    for one in values:
        is_language = facet is Facet.LANGUAGE
        word = one.handle if is_language else one.value
        choices.append(
            Choice(
                title=language_name(one.value) if is_language else kind_name(Kind(one.value), ask.code),
                href=ask.to(*ask.path, **{name: word}, **others),
                count=one.count,
                is_active=word == chosen,
                language=one.value if is_language else None,
            )
        )
    return Choices(title=title, choices=tuple(choices))


def _orders(ask: Ask, order: Order) -> Choices | None:
    _ = speech.language(ask.code).catalogue.gettext
    if ask.path[-1] == "new":
        return None
    is_shelf = ask.path[0] == "shelf"
    others = {key: said for key, said in narrowed(ask).items() if key != "order"}
    return Choices(
        title=_("Order"),
        choices=(
            Choice(
                title=_("As on the shelf") if is_shelf else _("By title"),
                href=ask.to(*ask.path, **others),
                is_active=order is not Order.NEWEST,
            ),
            Choice(
                title=_("Newest first"),
                href=ask.to(*ask.path, **others, order="new"),
                is_active=order is Order.NEWEST,
            ),
        ),
    )
