"""What waits for a contact, told and taken in turns over a session of two contacts.

Pure. The files themselves go over pipes of their own, by core/handover. Spec: docs/spec/delivery.md.
"""
