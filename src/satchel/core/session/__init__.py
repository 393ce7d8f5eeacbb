"""The encrypted pipe between two devices that share a secret: from a code, or from an earlier session.

`handshake` makes its keys, `resumption` opens it again without a code, `frames` is what flows through
it, `padding` hides how much. Spec: docs/spec/transport.md.
"""
