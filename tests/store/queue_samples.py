"""What waits for contacts, to test with."""

from satchel.core.identity.clocks import BUILT_S
from satchel.core.identity.contacts import ContactId
from satchel.ports import HandoverId, RecordHead, Role
from satchel.ports.queue import Queued
from store.contact_samples import AMINA

FIRST, SECOND, THIRD = (HandoverId(b"queued, no. %04d" % n) for n in (1, 2, 3))


def queued(id: HandoverId = FIRST, contact: ContactId = AMINA) -> Queued:
    return Queued(
        id=id,
        contact=contact,
        paths=(b"/home/the list of names", b"/not utf-8 \xff\x01\n"),
        note="see page 7 \U0001f600",
        made_s=BUILT_S + 1000,
    )


def head_with(
    id: HandoverId = FIRST, contact: ContactId = AMINA, role: Role = Role.SENDER, theirs: bytes = b""
) -> RecordHead:
    """The record of a hand-over with a contact."""
    into = b"/into\xff" if role is Role.RECEIVER else b""
    return RecordHead(
        id=id,
        role=role,
        secret=b"",
        older_secret=None,
        into=into,
        finished=False,
        contact=contact,
        theirs=theirs,
    )
