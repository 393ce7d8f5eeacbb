"""Padmé: of all lengths, few are ever seen, at 12 % more at most.

Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019,
section 4. Spec: docs/spec/transport.md, 6.1; the library pads what it seals by it, too.
"""

from satchel.errors import MisuseError


def padme(length: int) -> int:
    """The smallest padded length that is not below `length`."""
    if length < 0:
        raise MisuseError("a length is not negative")
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask
