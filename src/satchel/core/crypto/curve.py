"""X25519 (RFC 7748). Private keys are bytes that the caller drew; nothing here draws any."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from satchel.errors import MisuseError, PeerError

KEY_BYTES = 32


def x25519_public(private: bytes) -> bytes:
    """The public half of 32 random bytes."""
    return _private_key(private).public_key().public_bytes_raw()


def x25519(private: bytes, public: bytes, *, clause: str = "transport 2.2") -> bytes:
    """The secret shared with whoever holds the private half of `public`.

    Args:
        private: 32 bytes, ours.
        public: 32 bytes, theirs. Read as RFC 7748 says: the top bit is ignored, no value is refused
            for being larger than the prime.
        clause: what their key breaks if it is wrong.
    Raises:
        PeerError: not 32 bytes, or a point of low order. With such a point the result is zero
            whatever our key is, so everybody on the network would know the "shared" secret (W3, P2).
    """
    key = _private_key(private)
    if len(public) != KEY_BYTES:
        raise PeerError(f"{clause}: an X25519 key of {len(public)} bytes")
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as exc:  # how this library refuses an all-zero result
        raise PeerError(f"{clause}: an X25519 key of low order") from exc
    if not any(shared):  # and if another build of it does not: RFC 7748, 6.1
        raise PeerError(f"{clause}: an X25519 key of low order")
    return shared


def _private_key(private: bytes) -> X25519PrivateKey:
    if len(private) != KEY_BYTES:
        raise MisuseError(f"a private X25519 key has {KEY_BYTES} bytes, not {len(private)}")
    return X25519PrivateKey.from_private_bytes(private)
