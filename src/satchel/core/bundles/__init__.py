"""Bundles as those see them who carry them, and receipts: what custody, reconciliation and sealing share.

`header` is what stands in clear, `receipt` what says that a bundle has arrived, `lifetime` until when it
travels, `release` when what is ours leaves, `held_back` which own ones wait for that, `failures` how often a
body may fail to open. Opens nothing.
Spec: docs/spec/bundle.md, docs/spec/receipt.md.
"""
