"""The spoken code: a public channel number and three secret words, used once.

The words never go into a log, an address, a file or a repr. Spec: docs/spec/code-and-rendezvous.md, 2.
"""

import re
import unicodedata
from dataclasses import dataclass

from satchel.core.pairing.words import find_word, word_at
from satchel.errors import MisuseError

CHANNEL_MIN, CHANNEL_MAX = 1, 999
WORDS_PER_CODE = 3
WORD_BITS = 10
CODE_RANDOM_BYTES = 20
TYPED_CHARACTERS_MAX = 200

_CHANNEL_BYTES = 2
_TOKEN = re.compile(r"[0-9]+|[a-z]+")


@dataclass(frozen=True, slots=True, repr=False)
class SpokenCode:
    """One-time code of one hand-over."""

    channel: int  # 1..999, public: it only says which datagrams to look at
    words: tuple[int, int, int]  # places in the list, 30 bits, secret

    def __post_init__(self) -> None:
        in_list = all(0 <= word < 1 << WORD_BITS for word in self.words)
        if not CHANNEL_MIN <= self.channel <= CHANNEL_MAX or len(self.words) != WORDS_PER_CODE or not in_list:
            raise MisuseError("a code is a number from 1 to 999 and three words of the list")

    def __repr__(self) -> str:
        return f"SpokenCode(channel={self.channel}, words=...)"

    @classmethod
    def from_random(cls, draw: bytes) -> "SpokenCode":
        """A fresh code from CODE_RANDOM_BYTES random bytes.

        The channel comes from 16 bytes of its own: seen by everybody, it tells nothing of the words.
        """
        if len(draw) != CODE_RANDOM_BYTES:
            raise MisuseError(f"a code is drawn from {CODE_RANDOM_BYTES} bytes")
        channel = CHANNEL_MIN + int.from_bytes(draw[:16], "big") % CHANNEL_MAX  # bias below 2**-118
        bits = int.from_bytes(draw[16:], "big")
        mask = (1 << WORD_BITS) - 1
        first, second, third = (bits >> shift & mask for shift in (2 * WORD_BITS, WORD_BITS, 0))
        return cls(channel, (first, second, third))

    @classmethod
    def parse(cls, typed: str) -> "SpokenCode":
        """Read what a person typed, as generously as can be without a doubt.

        Raises:
            MisuseError: it is not a code; says what to do.
        """
        if len(typed) > TYPED_CHARACTERS_MAX:
            raise _not_a_code("This is too long for a code.")
        tokens = _tokens(typed)
        numbers = [token for token in tokens if token.isdigit()]
        words = [token for token in tokens if not token.isdigit()]
        if len(numbers) != 1 or len(words) != WORDS_PER_CODE:
            raise _not_a_code("This is not a whole code.")
        channel = int(numbers[0])
        if len(numbers[0]) > 4 or not CHANNEL_MIN <= channel <= CHANNEL_MAX:
            raise _not_a_code("The number of a code is between 1 and 999.")
        first, second, third = (find_word(word) for word in words)
        return cls(channel, (first, second, third))

    def spoken(self) -> str:
        """As it is shown and said: "482 apple river stone". Shown to the person and to nobody else."""
        return " ".join([str(self.channel), *map(word_at, self.words)])

    def password(self) -> bytes:
        """What CPace takes [2.4]: the three words in lower case with single spaces between them."""
        return " ".join(map(word_at, self.words)).encode("ascii")

    def rendezvous_key(self) -> bytes:
        """What marks the datagrams of this channel. Public: 999 keys are soon tried [2.5]."""
        return b"rendezvous" + self.channel.to_bytes(_CHANNEL_BYTES, "big")

    def channel_identifier(self) -> bytes:
        """CI of CPace [5.2]."""
        return b"satchel code 1" + self.channel.to_bytes(_CHANNEL_BYTES, "big")


def _tokens(typed: str) -> list[str]:
    """Numbers and words, whatever stands between them and in whatever digits they were typed."""
    plain: list[str] = []
    for character in unicodedata.normalize("NFKC", typed):
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            plain.append(str(digit))
        elif character.isascii() and character.isalpha():
            plain.append(character.lower())
        elif character.isalnum():
            raise _not_a_code("The words of a code are English and have no accents.")
        elif unicodedata.category(character) != "Cf":  # direction marks of a right-to-left keyboard
            plain.append(" ")
    return _TOKEN.findall("".join(plain))


def _not_a_code(what: str) -> MisuseError:
    return MisuseError(
        what,
        safe="Nothing was sent.",
        do="Type the number and the three words as the other screen shows them, like 482 apple river stone.",
    )
