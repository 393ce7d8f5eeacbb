"""A passphrase as one string of bytes, however it was typed. Spec: docs/spec/profile.md, section 1.

The same characters come from keyboards in several forms (é is one code point or two, a space has many).
After OpaqueString of RFC 8265, section 4.2, without its tables of what a version of Unicode does not know
yet: a passphrase that was set must open with every later version.
"""

import unicodedata

from satchel.errors import MisuseError

PASSPHRASE_BYTES_MAX = 1024


def prepare(typed: str) -> bytes:
    """UTF-8 of the canonical form. Raises MisuseError for what nobody can be asked to type again."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in typed)
    canonical = unicodedata.normalize("NFC", spaced)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in canonical):
        raise MisuseError(
            "A passphrase has no control characters.", safe="Nothing was changed.", do="Leave them out."
        )
    prepared = canonical.encode()
    if not 1 <= len(prepared) <= PASSPHRASE_BYTES_MAX:
        raise MisuseError(
            f"A passphrase has 1 to {PASSPHRASE_BYTES_MAX} bytes.",
            safe="Nothing was changed.",
            do="Five or six words are enough.",
        )
    return prepared
