"""Messages as bytes: `cbor` is the one encoding, `fields` reads what came out of it with its types.

Spec: docs/spec/encoding.md.
"""
