"""core/sealing/letter: one whole letter of a contact."""

from collections.abc import Iterator

from fuzz.vectors import of_kind, raw
from satchel.core.sealing.letter import UnreadableError, decode_letter, encode_letter
from satchel.core.wire.paths import refusal


def check(data: bytes) -> bool:
    try:
        letter = decode_letter(data)
    except UnreadableError:
        return False
    assert encode_letter(letter) == data
    assert letter.text or letter.attachments
    assert not any(refusal((one.name,)) for one in letter.attachments)  # M4
    return True


def seeds() -> Iterator[bytes]:
    for vector in of_kind("letter", "letter"):
        yield raw(vector["body"])
