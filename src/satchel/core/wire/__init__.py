"""Messages as bytes: `cbor` is the one encoding, `fields` reads what came out of it with its types.
`paths` says which names may come, `padme` which lengths are seen.

Spec: docs/spec/encoding.md.
"""
