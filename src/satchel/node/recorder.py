"""What of all that a node tells goes into the history. Pure, but for the port that it is given."""

from collections.abc import Callable
from contextlib import suppress

from satchel.core.identity.contacts import ContactId
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.ports.history import History, Past


class Recorder:
    """Called by the thread that carries out a hand-over, after its last word. May be used from several."""

    def __init__(self, history: History, *, now_s: Callable[[], int | None]) -> None:
        """`now_s`: wall clock; None: it cannot be right."""
        self._history = history
        self._now_s = now_s

    def hear(self, event: events.Event) -> None:
        """Of hand-overs with contacts."""
        match event:
            case events.ByContact(contact=contact, giving=giving, event=events.Delivered(contents=contents)):
                self._add(contents, giving=giving, contact=contact)
            case _:
                pass

    def by_code(self, report: events.Report, *, giving: bool) -> events.Report:
        """In front of `report`, which does not hear what only the history needs."""

        def hear(event: events.Event) -> None:
            inner = event.event if isinstance(event, events.ByReceiver | events.ByHandover) else event
            if isinstance(inner, events.Delivered):
                self._add(inner.contents, giving=giving, contact=None)
            else:
                report(event)

        return hear

    def _add(self, contents: events.Contents, *, giving: bool, contact: ContactId | None) -> None:
        past = Past(
            when_s=self._now_s(),
            giving=giving,
            contact=contact,
            names=contents.names,
            files=contents.files,
            size_bytes=contents.size_bytes,
            has_text=contents.has_text,
        )
        with suppress(EnvironmentProblem):  # a full disk: what arrived has arrived, remembered or not
            self._history.add(past)
