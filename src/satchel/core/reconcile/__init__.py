"""What two sets lack of each other, found by comparing fingerprints of ranges (Negentropy protocol 1).

Pure. Spec: docs/spec/reconciliation.md.
"""
