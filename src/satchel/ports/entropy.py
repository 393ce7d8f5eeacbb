"""Chance."""

from typing import Protocol


class Entropy(Protocol):
    """Where randomness comes from; core gets it as arguments."""

    def draw(self, count: int) -> bytes: ...
    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        """ML-KEM-768: (32 bytes secret, 1088 bytes ciphertext). Draws inside the library."""
        ...
