"""The one place that draws randomness."""

import os


class SystemEntropy:
    """Implements ports.Entropy by the operating system's generator."""

    def draw(self, count: int) -> bytes:
        return os.urandom(count)

    def encapsulate(self, public_key: bytes) -> tuple[bytes, bytes]:
        from satchel.core.crypto.kem import encapsulate  # noqa: PLC0415 - keep `--help` free of it

        return encapsulate(public_key)
