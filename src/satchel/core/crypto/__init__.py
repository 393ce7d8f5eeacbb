"""The one door to the cryptography library, and the few constructions that it does not have.

`kdf` keys and MACs, `curve` X25519, `kem` ML-KEM-768, `cpace` the password exchange, `noise` the
handshake, `aead` the seal of frames, `selftest` what runs at every start. Nothing is imported here:
`satchel --help` must not pay for any of it.
"""
