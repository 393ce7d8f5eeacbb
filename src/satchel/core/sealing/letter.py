"""What a person wrote to a contact, as bytes, and where it stands among the other letters of the two.

Never sees a bundle. Spec: docs/spec/letter.md, sections 3 to 5.
"""

from dataclasses import dataclass, field
from typing import NewType

from satchel.core.bundles.header import HOUR_MAX
from satchel.core.identity.clocks import TIME_MAX_S
from satchel.core.wire import cbor
from satchel.core.wire.fields import Fields
from satchel.core.wire.paths import COMPONENT_BYTES_MAX, refusal
from satchel.errors import MisuseError, PeerError, turning

LetterId = NewType("LetterId", bytes)  # 16 random bytes, drawn by who writes; the same on both sides

ID_BYTES = 16
LETTER_BYTES_MAX = 8 << 20
TEXT_BYTES_MAX = 1 << 20
ATTACHMENTS_MAX = 64
ORDER_MAX = (1 << 53) - 1
_PAGE = "letter 3.1"
_PAGE_ATTACHMENT = "letter 3.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file. Its name is a proposal, to be escaped where it is shown."""

    name: bytes = field(repr=False)  # one component of a path
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text, files, or both."""

    order: int  # one above the highest that its writer knew in this conversation [4.1]
    text: str = field(repr=False)  # at most 1 MiB as UTF-8
    written_s: int | None = None  # by the writer's clock, since 1970: for showing; None: it had none
    reply_to: LetterId | None = None
    expiry_hour: int | None = None  # since 2020, as the writer set it; None: it went in a session only
    attachments: tuple[Attachment, ...] = ()


class UnreadableError(PeerError):
    """A letter that really is from the contact, and that this version cannot read."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            safe="It is kept as it came, and nothing else was changed.",
            do="Take a newer Satchel, which may read it, or ask who wrote it to write again.",
        )


class unreadable(turning):
    """Around a block: whatever is wrong in there is wrong with the letter."""

    def turn(self, exc: BaseException) -> None:
        if isinstance(exc, PeerError):
            raise UnreadableError(exc.what) from exc


def next_order(highest: int) -> int:
    """For a new letter. `highest`: of all letters of this conversation, of both sides; 0: there is none."""
    return min(highest + 1, ORDER_MAX)


def sort_key(letter_order: int, letter_id: LetterId) -> tuple[int, bytes]:
    """By this both sides show the same letters in the same order, with whatever clocks [4.2]."""
    return (letter_order, letter_id)


def encode_letter(letter: Letter) -> bytes:
    """As canonical CBOR. Raises MisuseError: no such letter can be sent."""
    if not letter.text and not letter.attachments:
        raise MisuseError(
            "This letter is empty.", safe="Nothing was sent.", do="Write a text, or attach a file."
        )
    for one in letter.attachments:
        if reason := refusal((one.name,)):
            raise MisuseError(
                f"This file cannot be attached: {reason}.", safe="Nothing was sent.", do="Rename it."
            )
    if len(letter.attachments) > ATTACHMENTS_MAX or len(letter.text.encode()) > TEXT_BYTES_MAX:
        raise too_large(f"at most {ATTACHMENTS_MAX} files, and a text of 1 MiB")
    attachments = [{0: one.name, 1: one.content} for one in letter.attachments]
    fields: dict[int, cbor.Writable] = {
        0: letter.order,
        1: letter.text,
        2: letter.written_s,
        3: letter.reply_to,
        4: letter.expiry_hour,
        5: attachments or None,
    }
    encoded = cbor.encode({key: value for key, value in fields.items() if value is not None})
    if len(encoded) > LETTER_BYTES_MAX:
        raise too_large("8 MiB in all")
    return encoded


def decode_letter(body: bytes) -> Letter:
    """Read one whole letter, whose parts have opened.

    Raises:
        UnreadableError: any deviation from section 3: also a field that a later version has [5.1].
    """
    with unreadable():
        if len(body) > LETTER_BYTES_MAX:
            raise PeerError(f"{_PAGE}: {len(body)} bytes")
        fields = Fields(cbor.decode(body), page=_PAGE)
        letter = Letter(
            order=fields.integer(0, 1, ORDER_MAX),
            text=fields.text(1, TEXT_BYTES_MAX),
            written_s=fields.uint(2, TIME_MAX_S) if fields.has(2) else None,
            reply_to=LetterId(fields.bytes(3, ID_BYTES, ID_BYTES)) if fields.has(3) else None,
            expiry_hour=fields.uint(4, HOUR_MAX) if fields.has(4) else None,
            attachments=_read_attachments(fields) if fields.has(5) else (),
        )
        fields.done()
        if not letter.text and not letter.attachments:
            raise PeerError("letter 3.5: neither a text nor a file")
        return letter


def _read_attachments(fields: Fields) -> tuple[Attachment, ...]:
    read = []
    for item in fields.array(5, ATTACHMENTS_MAX, minimum=1):
        inner = Fields(item, page=_PAGE_ATTACHMENT)
        name, content = inner.bytes(0, 1, COMPONENT_BYTES_MAX), inner.bytes(1, 0, LETTER_BYTES_MAX)
        inner.done()
        if reason := refusal((name,)):
            raise PeerError(f"{_PAGE_ATTACHMENT}: {reason}")
        read.append(Attachment(name=name, content=content))
    return tuple(read)


def too_large(limit: str) -> MisuseError:
    """limit: what of it is."""
    return MisuseError(
        f"This letter is too large: it may have {limit}.",
        safe="Nothing was sent, and your files are as they were.",
        do="Attach less, or hand large files over when you meet: `satchel send --to`.",
    )
