"""Which lists there are behind the door, and what stands in them. Blocks. Spec: docs/spec/guests.md, 4."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from satchel.core.library.kinds import Kind
from satchel.core.library.query import parse_query
from satchel.errors import NothingToDo
from satchel.ports.library import Facet, Filter, Order
from satchel.web.guests.asking import Ask
from satchel.web.guests.facets import facets, narrowed
from satchel.web.guests.feed import Around, Feed, Paging, Rel, Way
from satchel.web.guests.names import kind_name, language_name
from satchel.web.guests.open_shelves import OpenShelves
from satchel.web.guests.publications import Publications
from satchel.web.owner import speech

PER_PAGE = 30
SEARCH_PAGES_MAX = 20
SEARCH_S = 1.0
WAYS_PER_PAGE = 100
_FACETS = {"languages": Facet.LANGUAGE, "authors": Facet.AUTHOR, "subjects": Facet.SUBJECT}
_SINGLE = {"language": Facet.LANGUAGE, "author": Facet.AUTHOR, "subject": Facet.SUBJECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """What is common to the pages of one list."""

    title: str
    path: tuple[str, ...]
    filter: Filter
    order: Order
    up: str
    changed_s: int


class Lists:
    """One for each opening. From any thread; raises NothingToDo, EnvironmentProblem."""

    def __init__(self, shelves: OpenShelves, publications: Publications) -> None:
        self._shelves = shelves
        self._publications = publications

    def around(self, ask: Ask) -> Around:
        _ = speech.language(ask.code).catalogue.gettext
        return Around(
            door=_("Books from Satchel"),
            start=ask.to(),
            opensearch=ask.to("opensearch.xml"),
            search=ask.bare("search"),
            code=ask.code,
        )

    def feed(self, ask: Ask) -> Feed:
        """The list that a path names."""
        match ask.path:
            case ():
                return self._start(ask)
            case ("new",):
                return self._books(ask, self._all(ask, Order.NEWEST))
            case ("books",):
                return self._books(ask, self._all(ask, Order.TITLE))
            case ("shelves",):
                return self._shelf_ways(ask)
            case ("kinds",):
                return self._kind_ways(ask)
            case (("languages" | "authors" | "subjects") as name,):
                return self._value_ways(ask, name)
            case ("shelf", handle):
                return self._books(ask, self._of_shelf(ask, handle, Order.SHELF))
            case ("shelf", handle, "new"):
                return self._books(ask, self._of_shelf(ask, handle, Order.NEWEST))
            case ("kind", word):
                return self._books(ask, self._of_kind(ask, word))
            case (("language" | "author" | "subject") as name, handle):
                return self._books(ask, self._of_value(ask, name, handle))
            case ("search",):
                return self._search(ask)
            case _:
                raise NothingToDo("guests 3.5: there is no such list.")

    # --- lists of ways -------------------------------------------------------------------------------

    def _start(self, ask: Ask) -> Feed:
        _ = speech.language(ask.code).catalogue.gettext
        state = self._shelves.state()
        total = self._shelves.list(Filter(), Order.TITLE, first=0, count=1).total
        ways = [
            Way(title=_("New"), href=ask.to("new"), leads_to_books=True, rel=Rel.NEWEST),
            Way(title=_("All books"), href=ask.to("books"), leads_to_books=True, count=total),
        ]
        ways += [
            Way(title=title, href=ask.to(path), leads_to_books=False)
            for title, path in (
                (_("Shelves"), "shelves"),
                (_("Languages"), "languages"),
                (_("Kinds"), "kinds"),
                (_("Subjects"), "subjects"),
                (_("Authors"), "authors"),
            )
        ]
        return Feed(
            id=self._publications.urn("start"),
            title=_("Books from Satchel"),
            href=ask.to(),
            updated_s=state.changed_s,
            around=self.around(ask),
            ways=tuple(ways),
        )

    def _shelf_ways(self, ask: Ask) -> Feed:
        _ = speech.language(ask.code).catalogue.gettext
        ways = [
            Way(
                title=shelf.name,
                href=ask.to("shelf", self._shelves.handle_of_shelf(shelf)),
                leads_to_books=True,
                count=shelf.count,
            )
            for shelf in self._shelves.state().shelves
        ]
        return self._ways(ask, _("Shelves"), ways)

    def _kind_ways(self, ask: Ask) -> Feed:
        _ = speech.language(ask.code).catalogue.gettext
        ways = [
            Way(
                title=kind_name(Kind(one.value), ask.code),
                href=ask.to("kind", one.value),
                leads_to_books=True,
                count=one.count,
            )
            for one in self._shelves.values(Facet.KIND)
        ]
        return self._ways(ask, _("Kinds"), ways)

    def _value_ways(self, ask: Ask, name: str) -> Feed:
        facet = _FACETS[name]
        ways = [
            Way(
                title=language_name(one.value) if facet is Facet.LANGUAGE else one.value,
                href=ask.to(name.removesuffix("s"), one.handle),
                leads_to_books=True,
                count=one.count,
                language=one.value if facet is Facet.LANGUAGE else None,
            )
            for one in self._shelves.values(facet)
        ]
        return self._ways(ask, self._value_title(ask, facet), ways)

    def _ways(self, ask: Ask, title: str, ways: Sequence[Way]) -> Feed:
        number = ask.page
        shown = ways[(number - 1) * WAYS_PER_PAGE : number * WAYS_PER_PAGE] if number else ()
        if not shown and number != 1:
            raise NothingToDo("guests 3.5: there is no such page.")
        last = max(1, -(-len(ways) // WAYS_PER_PAGE))
        return Feed(
            id=self._publications.urn(*ask.path, str(number)),
            title=title,
            href=ask.to(*ask.path, page=number if number > 1 else None),
            updated_s=self._shelves.state().changed_s,
            up=ask.to(),
            around=self.around(ask),
            ways=tuple(shown),
            paging=self._paging(ask, number, last, total=len(ways), per_page=WAYS_PER_PAGE)
            if last > 1
            else None,
        )

    # --- lists of books ------------------------------------------------------------------------------

    def _all(self, ask: Ask, order: Order) -> _List:
        _ = speech.language(ask.code).catalogue.gettext
        title = _("New") if order is Order.NEWEST else _("All books")
        return self._list(ask, title, Filter(), order, up=ask.to())

    def _of_shelf(self, ask: Ask, handle: str, order: Order) -> _List:
        shelf = self._shelves.shelf(handle)
        made = self._list(ask, shelf.name, Filter(shelf=shelf.number), order, up=ask.to("shelves"))
        return replace(made, changed_s=self._shelves.state().changed_s_of.get(shelf.number, made.changed_s))

    def _of_kind(self, ask: Ask, word: str) -> _List:
        kind = _kind(word)
        return self._list(ask, kind_name(kind, ask.code), Filter(kind=kind), Order.TITLE, up=ask.to("kinds"))

    def _of_value(self, ask: Ask, name: str, handle: str) -> _List:
        facet = _SINGLE[name]
        value = self._shelves.value(facet, handle)
        filter = Filter(
            language=value if facet is Facet.LANGUAGE else None,
            author=value if facet is Facet.AUTHOR else None,
            subject=value if facet is Facet.SUBJECT else None,
        )
        title = language_name(value) if facet is Facet.LANGUAGE else value
        return self._list(ask, title, filter, Order.TITLE, up=ask.to(f"{name}s"))

    def _list(self, ask: Ask, title: str, filter: Filter, order: Order, *, up: str) -> _List:
        if ask.fields.get("order") == "new":
            order = Order.NEWEST
        if (handle := ask.fields.get("language")) is not None and filter.language is None:
            filter = replace(filter, language=self._shelves.value(Facet.LANGUAGE, handle))
        if (word := ask.fields.get("kind")) is not None and filter.kind is None:
            filter = replace(filter, kind=_kind(word))
        changed_s = self._shelves.state().changed_s
        return _List(title=title, path=ask.path, filter=filter, order=order, up=up, changed_s=changed_s)

    def _books(self, ask: Ask, asked: _List) -> Feed:
        number = ask.page
        if not number:
            raise NothingToDo("guests 3.5: there is no such page.")
        found = self._shelves.list(asked.filter, asked.order, first=(number - 1) * PER_PAGE, count=PER_PAGE)
        last = max(1, -(-found.total // PER_PAGE))
        if number > last:
            raise NothingToDo("guests 3.5: there is no such page.")
        chosen = narrowed(ask)
        return Feed(
            id=self._publications.urn(*asked.path, *sorted(chosen.values()), str(number)),
            title=asked.title,
            href=ask.to(*asked.path, page=number if number > 1 else None, **chosen),
            updated_s=asked.changed_s,
            up=asked.up,
            around=self.around(ask),
            has_books=True,
            books=tuple(self._publications.of(ask, book) for book in found.books),
            facets=facets(ask, self._shelves, asked.filter, asked.order),
            paging=self._paging(ask, number, last, total=found.total, per_page=PER_PAGE),
        )

    def _search(self, ask: Ask) -> Feed:
        _ = speech.language(ask.code).catalogue.gettext
        words = ask.fields.get("query", ask.fields.get("q", ""))
        query, number = parse_query(words), ask.page
        if not 1 <= number <= SEARCH_PAGES_MAX:
            raise NothingToDo("guests 3.5: there is no such page.")
        books, is_cut, has_more = [], False, False
        if query.terms:
            found = self._shelves.search(
                query, first=(number - 1) * PER_PAGE, count=PER_PAGE + 1, within_s=SEARCH_S
            )
            is_cut, has_more = found.is_cut, len(found.hits) > PER_PAGE and number < SEARCH_PAGES_MAX
            for hit in found.hits[:PER_PAGE]:
                if (book := self._shelves.find(hit.book)) is not None:
                    books.append(self._publications.of(ask, book, hit))
        return Feed(
            id=self._publications.urn("search", words, str(number)),
            title=_("Search"),
            href=ask.to("search", query=words, page=number if number > 1 else None),
            updated_s=self._shelves.state().changed_s,
            up=ask.to(),
            around=self.around(ask),
            has_books=True,
            books=tuple(books),
            paging=Paging(
                first=ask.to("search", query=words),
                previous=ask.to("search", query=words, page=number - 1) if number > 1 else None,
                next=ask.to("search", query=words, page=number + 1) if has_more else None,
                number=number,
                per_page=PER_PAGE,
                total=None,
            ),
            is_cut=is_cut,
        )

    def _paging(self, ask: Ask, number: int, last: int, *, total: int, per_page: int) -> Paging:
        fields = narrowed(ask)

        def page(wanted: int) -> str:
            return ask.to(*ask.path, page=wanted if wanted > 1 else None, **fields)

        return Paging(
            first=page(1),
            previous=page(number - 1) if number > 1 else None,
            next=page(number + 1) if number < last else None,
            last=page(last),
            number=number,
            per_page=per_page,
            total=total,
        )

    def _value_title(self, ask: Ask, facet: Facet) -> str:
        _ = speech.language(ask.code).catalogue.gettext
        return {
            Facet.LANGUAGE: _("Languages"),
            Facet.AUTHOR: _("Authors"),
            Facet.SUBJECT: _("Subjects"),
            Facet.KIND: _("Kinds"),
        }[facet]


def _kind(word: str) -> Kind:
    try:
        return Kind(word)
    except ValueError:
        raise NothingToDo("guests 3.5: there is no such kind.") from None
