"""The encrypted pipe between two devices that share a secret: from a code, an earlier session or a pairing.

`handshake` makes its keys; `flight` opens it without a code, `resumption` and `contact` say with which keys;
`frames` is what flows through it, `padding` hides how much. Spec: docs/spec/transport.md and session.md.
"""
