"""A history to test with."""

from satchel.core.identity.contacts import ContactId
from satchel.ports.history import Past
from store.contact_samples import AMINA
from store.record_samples import NOW_S


def past(*names: bytes, contact: ContactId | None = AMINA, when_s: int | None = NOW_S) -> Past:
    return Past(
        when_s=when_s,
        giving=contact is None,
        contact=contact,
        names=names or (b"the minutes.pdf", b"\xff<b>"),
        files=3,
        size_bytes=(1 << 53) - 1,
        has_text=True,
    )
