"""Opening a session again without a code, from the 32-byte secret that the last one left; and opening
the pipes of one that lasts, from other such secrets.

Stores nothing: which secrets there are, and which ephemeral keys were seen, is asked of the caller.
Spec: docs/spec/transport.md, sections 3 and 5; docs/spec/delivery.md, section 4; docs/spec/custody.md, 6.8.
"""

from dataclasses import dataclass, field

from satchel.core.crypto.kdf import derive
from satchel.core.session.flight import FlightKey
from satchel.core.session.handshake import Purpose
from satchel.errors import MisuseError

SECRET_BYTES = 32
_NAMES = {  # what it is for, and who dials
    Purpose.RESUMPTION: (b"resume", b"receiver"),
    Purpose.STRIPE: (b"stripe", b"receiver"),
    Purpose.DELIVERY: (b"delivery", b"dialler"),
    Purpose.DELIVERY_STRIPE: (b"delivery stripe", b"dialler"),
    Purpose.CUSTODY: (b"custody", b"dialler"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumptionKeys:
    """The keys by which the two sides find each other [3.2]."""

    sender_slot: bytes = field(repr=False)  # marks the datagrams of who sends the files
    receiver_slot: bytes = field(repr=False)  # and of who receives them

    @classmethod
    def of(cls, secret: bytes) -> "ResumptionKeys":
        if len(secret) != SECRET_BYTES:
            raise MisuseError("a session is opened again with a secret of 32 bytes")
        return cls(
            sender_slot=derive(secret, b"satchel resume slot sender 1"),
            receiver_slot=derive(secret, b"satchel resume slot receiver 1"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey(FlightKey):
    """What makes and recognises the flights of one secret; by a code the receiver dials. Of a listener the
    newest secrets come first, and the older one of each record is tried, too [3.6]."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes, purpose: Purpose = Purpose.RESUMPTION) -> "SecretKey":
        """`purpose`: any but CODE and CONTACT."""
        if len(secret) != SECRET_BYTES:
            raise MisuseError("a session is opened again with a secret of 32 bytes")
        return cls(
            purpose=purpose,
            open=derive(secret, b"satchel %s open %s 1" % _NAMES[purpose]),
            psk=derive(secret, b"satchel %s psk %s 1" % _NAMES[purpose]),
            secret=secret,
        )
