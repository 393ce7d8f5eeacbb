"""Where the pair of a pairing goes: on disk under a name of its own, before anybody is told of it.

One pairing yields one contact, whatever comes by which way and how often. Spec: docs/spec/pairing.md, 4.7.
"""

import threading

from satchel.core.identity.contacts import ContactId
from satchel.core.pairing.effects import Paired
from satchel.errors import EnvironmentProblem, SatchelError
from satchel.node.pairing.events import Met, Report
from satchel.node.pairing.naming import free_name
from satchel.ports import Entropy
from satchel.ports.contacts import Contact, Contacts

ID_BYTES = 16


class Keeper:
    """Used from any thread."""

    def __init__(self, contacts: Contacts, entropy: Entropy, report: Report, *, name: str | None) -> None:
        """`name`: what the person wants to call the contact; None: what the contact proposes."""
        self._contacts = contacts
        self._entropy = entropy
        self._report = report
        self._name = name
        self._turn = threading.Lock()
        self._met: Met | None = None
        self._taker = b""
        self._is_settled = False
        self.problem: SatchelError | None = None  # of our own disk

    @property
    def met(self) -> Met | None:
        """Who was stored last."""
        return self._met

    def keep(self, paired: Paired, *, taker: bytes) -> None:
        """Store it. Durable when it returns.

        Args:
            taker: what the taker committed to; the same one may come again, until the person has decided.
        Raises:
            EnvironmentProblem: somebody else was faster, or the disk cannot be written; nothing was stored.
        """
        with self._turn:
            before = self._met
            again = paired.replaces and taker == self._taker and not self._is_settled
            if before is not None and not again:
                raise EnvironmentProblem("Somebody else was faster.")
            try:
                met = self._store(paired, before)
            except SatchelError as problem:
                self.problem = problem
                raise
            self._met, self._taker = met, taker
        self._report(met)

    def settle(self, met: Met) -> bool:
        """The person has decided about it: nothing takes its place any more. False: something has, and its
        words have not been compared."""
        with self._turn:
            self._is_settled = self._is_settled or met is self._met
            return met is self._met

    def _store(self, paired: Paired, before: Met | None) -> Met:
        known = {contact.id: contact.name for contact in self._contacts.all()}
        name = known.pop(before.contact.id, None) if before is not None else None
        name = name or free_name(self._name or paired.name, known.values())
        contact = Contact(
            id=ContactId(self._entropy.draw(ID_BYTES)),
            name=name,
            pair=paired.pair,
            comparison=paired.comparison,
        )
        self._contacts.add(contact, replacing=None if before is None else before.contact.id)
        return Met(contact=contact, proposed=paired.name, takers=paired.takers, again=before is not None)
