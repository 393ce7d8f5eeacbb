"""Opening a session again without a code, from the 32-byte secret that the last one left; and opening
more pipes of one that lasts, from another such secret.

Stores nothing: which secrets there are, and which ephemeral keys were seen, is asked of the caller.
Spec: docs/spec/transport.md, sections 3 and 5.
"""

from dataclasses import dataclass, field

from satchel.core.crypto.kdf import derive
from satchel.core.session.flight import FlightKey
from satchel.core.session.handshake import Purpose
from satchel.errors import MisuseError

SECRET_BYTES = 32
_NAMES = {Purpose.RESUMPTION: b"resume", Purpose.STRIPE: b"stripe"}


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
    """What makes and recognises the flights of one secret; the receiver dials. Of a listener the newest
    secrets come first, and the older one of each record is tried, too [3.6]."""

    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes, purpose: Purpose = Purpose.RESUMPTION) -> "SecretKey":
        """`purpose`: RESUMPTION or STRIPE."""
        if len(secret) != SECRET_BYTES:
            raise MisuseError("a session is opened again with a secret of 32 bytes")
        name = _NAMES[purpose]
        return cls(
            purpose=purpose,
            open=derive(secret, b"satchel %s open receiver 1" % name),
            psk=derive(secret, b"satchel %s psk receiver 1" % name),
            secret=secret,
        )
