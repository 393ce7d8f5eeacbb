"""Which of the bundles that came are for this person, looked at apart from the sessions that bring them (C1).

Spec: docs/spec/custody.md, 6.9.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Ingress, Kept
from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem
from satchel.node.letters.shelf import Shelf
from satchel.node.letters.unsealing import Tried, Unsealing

TAGS_AT_ONCE = 10_000  # between them others have their turn (M3)
LOOKED_AT_ONCE = 1_000  # bundles
OPENED_AT_ONCE = 20  # or forged ones: some 15 ms each
TRIES_AGAIN_MAX = 1_000  # bundles that wait to be tried again; others are looked for when half of them were
FORGED_MAX = 100_000  # of which is known that they do not open: else they would be tried before all others
FORGED_BYTES = 16  # of their ids
GOING_BYTES_MAX = 4 << 20  # of what goes, whosever it is, until it is looked at; and of ours without room
GOING_BYTES_MIN = 1 << 16  # that each counts as: opening takes time, too


class Recognising:
    """Not to be used by two threads at once."""

    def __init__(self, shelf: Shelf, unsealing: Unsealing) -> None:
        self._shelf = shelf
        self._unsealing = unsealing
        self._fresh: dict[BundleId, Ingress] = {}  # nobody has looked whose they are
        self._to_try: deque[tuple[BundleId, Ingress]] = deque()  # those of the last look
        self._again: dict[BundleId, Ingress] = {}  # to be tried once more, at the next one
        self._left_out = False  # some had no place there
        self._forged: set[bytes] = set()
        self._gone: deque[tuple[BundleId, bytes, Ingress]] = deque()  # ours, read before they went
        self._gone_bytes = 0  # with all others that went since the last look
        self._has_begun = False
        self._unseen: Iterator[Kept | None] | None = None  # by tags: what is ours, and None for all else

    def await_tags(self, contact: ContactId) -> None:
        """From now on its bundles are recognised, and those that are here already by `prepare`. Raises
        MisuseError: it was forgotten."""
        if self._unsealing.await_tags(contact):
            self._unseen = self._ours()

    def _ours(self) -> Iterator[Kept | None]:
        """There may be very many twins of one tag: a body is forged without a key (M3)."""
        for tag in self._shelf.bundles.tags():
            if self._unsealing.is_awaited(tag):
                yield from self._shelf.bundles.with_tag(tag)
            else:
                yield None

    def came(self, ids: Iterable[BundleId], ingress: Ingress) -> None:
        """They are kept. `look` looks at them."""
        self._fresh.update(dict.fromkeys(ids, ingress))

    def open_now(self, ids: Iterable[BundleId], ingress: Ingress) -> None:
        """From a stick, which sees nothing of our delay. Raises EnvironmentProblem."""
        for id in ids:
            self._try(id, ingress)

    def look(self) -> None:
        """Some time after they came, and whatever they are one writing at least: who brought a bundle would
        else see from our delay that it was for us. Where much came `prepare` goes on with it. Raises
        EnvironmentProblem: the others are tried again."""
        if self._left_out and self._unseen is None and len(self._again) <= TRIES_AGAIN_MAX // 2:
            self._left_out, self._unseen = False, self._ours()
        something = bool(self._fresh) or self._gone_bytes > 0
        self._to_try.extend((self._fresh | self._again).items())
        self._fresh, self._again = {}, {}
        waited = len(self._gone)
        tried = [*self._try_gone(), *self._try_some()]
        if something and Tried.OPENED not in tried:
            self._unsealing.rehearse()
        if self._gone_bytes or len(self._gone) < waited:
            self._remember_gone()
        self._gone_bytes = 0  # not where the disk is full: what waits in memory is bounded

    def going(self, ids: Sequence[BundleId]) -> None:
        """These make room, or are handed on, and are not taken again; of all of them that holds after a kill
        only from the next look on. What is ours of them is read before and tried then, even where who
        brought it has brought too much that did not open: it would be lost (C2). All of them are read, and
        count, so that no delay tells which (C1). Raises EnvironmentProblem: they must not go yet."""
        self._begin()
        if self._gone_bytes >= GOING_BYTES_MAX or not self._fresh.keys().isdisjoint(ids):
            self.look()
        for id in ids:
            kept, bundle = self._shelf.bundles.kept(id), self._shelf.bundles.read(id)
            if kept is None or bundle is None:
                continue
            self._gone_bytes += max(len(bundle), GOING_BYTES_MIN)
            if self._unsealing.is_awaited(kept.header.tag) and id[:FORGED_BYTES] not in self._forged:
                self._gone.append((id, bundle, kept.ingress))

    def _begin(self) -> None:
        """What a kill kept from being tried may come again, before anything else goes."""
        if not self._has_begun:
            self._shelf.bundles.forget_untried()
            self._has_begun = True

    def end(self) -> None:
        """The program ends. Raises EnvironmentProblem: what went may come again."""
        if self._gone_bytes:
            self.look()

    def _try_gone(self) -> Iterator[Tried]:
        for _ in range(len(self._gone)):
            id, bundle, ingress = self._gone[0]
            tried = self._unsealing.open(bundle, ingress=ingress, is_last_try=True)
            yield tried
            self._gone.popleft()
            if tried is Tried.LATER:  # there is no room for it: tried again at each look
                self._gone.append((id, bundle, ingress))

    def _remember_gone(self) -> None:
        """What was tried, whosever it was, is not taken again from now on. What memory cannot hold until
        there is room for it may come again: who offers it sees that, and else it would be lost (C2)."""
        held_bytes, over = 0, 0
        for at, (_, bundle, _) in enumerate(reversed(self._gone)):
            held_bytes += max(len(bundle), GOING_BYTES_MIN)
            if held_bytes > GOING_BYTES_MAX:
                over = len(self._gone) - at  # the oldest
                break
        ids = [id for id, _, _ in self._gone]
        self._shelf.bundles.tried(but=ids[over:], lost=ids[:over])
        for _ in range(over):
            self._gone.popleft()

    def prepare(self) -> bool:
        """One step: of the contacts, of what could not be read before, then of what came before they were
        known, or could not be opened then. False: all is done, until there is another contact. Raises
        EnvironmentProblem."""
        self._begin()
        contact = self._unsealing.next_unawaited()
        if contact is not None:
            self.await_tags(contact)
            return True
        if self._unsealing.read_next_anew():
            return True
        if self._unseen is not None and not self._to_try:
            try:
                some = list(islice(self._unseen, TAGS_AT_ONCE))
            except EnvironmentProblem:
                self._unseen = self._ours()  # from the beginning: one that has failed goes no further
                raise
            self._to_try.extend((kept.id, kept.ingress) for kept in some if kept is not None)
            if len(some) < TAGS_AT_ONCE:
                self._unseen = None
        for _ in self._try_some():
            pass
        return self._unseen is not None or bool(self._to_try)

    def _try_some(self) -> Iterator[Tried]:
        costly = 0
        for _ in range(min(len(self._to_try), LOOKED_AT_ONCE)):
            tried = self._try(*self._to_try.popleft())
            yield tried
            costly += tried in (Tried.OPENED, Tried.FAILED)
            if costly == OPENED_AT_ONCE:
                return

    def _try(self, id: BundleId, ingress: Ingress) -> Tried:
        self._again[id] = ingress  # where our own disk fails now, too
        tried = self._read_and_open(id, ingress)
        if tried is Tried.FAILED and len(self._forged) < FORGED_MAX:
            self._forged.add(id[:FORGED_BYTES])
        has_place = len(self._again) <= TRIES_AGAIN_MAX
        if tried is not Tried.LATER or not has_place:
            self._again.pop(id, None)
            self._left_out |= tried is Tried.LATER
        return tried

    def _read_and_open(self, id: BundleId, ingress: Ingress) -> Tried:
        if id[:FORGED_BYTES] in self._forged:
            return Tried.NOT_OURS
        kept = self._shelf.bundles.kept(id)
        if kept is None or not self._unsealing.is_awaited(kept.header.tag):
            return Tried.NOT_OURS
        if not self._unsealing.may_try(ingress):
            return Tried.LATER  # not read: hundreds of forged ones may wait, each of a megabyte (M3)
        bundle = self._shelf.bundles.read(id)
        return Tried.NOT_OURS if bundle is None else self._unsealing.open(bundle, ingress=ingress)
