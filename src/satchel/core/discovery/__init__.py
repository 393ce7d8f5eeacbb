"""How two devices on one network find each other without saying who they are.

`datagram` is what is shouted, byte for byte; `rendezvous` decides when to shout and whom to dial.
Spec: docs/spec/code-and-rendezvous.md, sections 3 and 4.
"""
