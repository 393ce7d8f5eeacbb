"""The guests' door: what a person shows to everybody on a network, as pages for phones and as OPDS.

Whoever is on that network can see what is fetched, and who fetches it: it is said when the door is opened.
Nothing but the shelves that were opened can be reached from here (G1); nothing is written down of who reads
what. Spec: docs/spec/guests.md.
"""
