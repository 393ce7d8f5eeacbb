"""One typed code of a hand-over: what was offered for it, and what of that was accepted.

A break may come between the person's word and the moment when the sender hears of it. The sender then has no
record and shows the code again (handover 7.6), so the code stays of use until the sender is known to go on.
"""

from satchel.core.handover.messages import Entry
from satchel.core.pairing.code import SpokenCode
from satchel.core.session.handshake import SessionKeys
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.code_tries import CodeTries
from satchel.node.endings import not_cleaned_up
from satchel.node.entries import contents_of, receiver_record
from satchel.node.receiving import Consider, Decide, Numbers, Wanted
from satchel.node.unfinished import Unfinished
from satchel.ports import Chosen, HandoverId, RecordHead, Records, Role


class ByCode(CodeTries):
    """Used from one asyncio loop, but for what `consider` returns."""

    def __init__(
        self, code: SpokenCode, chosen: Chosen, into: bytes, *, records: Records, decide: Decide
    ) -> None:
        """`into`: the path of the chosen folder, for the record."""
        super().__init__(code)
        self._chosen = chosen
        self._into = into
        self._records = records
        self._decide = decide
        self.began: Unfinished | None = None  # what was accepted last
        self.problem: EnvironmentProblem | None = None
        self._offer: tuple[tuple[Entry, ...], str | None] | None = None
        self._numbers: Numbers = range(0)
        self.contents = events.Contents()  # of what was accepted last

    def consider(self, id: HandoverId, keys: SessionKeys, report: events.Report) -> Consider:
        """Asks the person, once for one offer, and remembers what they want."""

        def consider(entries: tuple[Entry, ...], note: str | None) -> Wanted | None:
            # The same again after a break: the person has said what they want of it.
            said_before = self.began is not None and self._offer == (entries, note)
            if note is not None and not said_before:
                report(events.NoteReceived(text=note))
            numbers: Numbers | None = range(0)
            if said_before:
                numbers = self._numbers
            elif entries:
                free_bytes = self._chosen.free_bytes()
                numbers = self._decide(events.OfferShown(entries=entries, free_bytes=free_bytes))
            if numbers is None:
                return None
            # Of a text alone nothing is left to go on with.
            one = self._remember(id, keys.resumption_secret, entries, numbers) if numbers else None
            wanted = (entries[number] for number in numbers)
            self.contents = contents_of(wanted, has_text=note is not None)
            if one is not None:
                one.contents = self.contents
            dead, self.began = self.began, one
            self._offer, self._numbers = (entries, note), numbers
            if dead is not None:
                self._forget(dead)
            return Wanted(numbers, None if one is None else one.landing)

        return consider

    def _remember(
        self, id: HandoverId, secret: bytes, entries: tuple[Entry, ...], numbers: Numbers
    ) -> Unfinished:
        head = RecordHead(
            id=id, role=Role.RECEIVER, secret=secret, older_secret=None, into=self._into, finished=False
        )
        landing = self._chosen.begin(id)
        try:
            self._records.create(
                head, (receiver_record(n, entry, accepted=n in numbers) for n, entry in enumerate(entries))
            )
        except BaseException:
            landing.close(remove=True)
            raise
        return Unfinished(head, landing, told=True)

    def _forget(self, dead: Unfinished) -> None:
        """Its sender never heard of it: it leads nowhere."""
        self._records.forget(dead.head.id)
        try:
            dead.landing.close(remove=True)
        except EnvironmentProblem as problem:
            self.problem = not_cleaned_up(problem)
