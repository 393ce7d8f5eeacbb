"""How two devices on one network find each other without saying who they are.

`datagram` is what is shouted, byte for byte. `rendezvous` decides when to shout and whom to dial while a
code or an unfinished hand-over is open; spec: docs/spec/code-and-rendezvous.md, sections 3 and 4.
`beacon` does so for contacts, as long as the node runs: `people` is what it knows about them, `hearing`
finds out whose a packet is, `crowd` how often to shout; spec: docs/spec/discovery.md.
"""
