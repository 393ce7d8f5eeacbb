"""Books: which there are, what they are made of, on which shelves they stand, and which words are in them.

`opening` puts it together. `catalogue` and `shelves` share one small database, which is written anew whenever
something is erased; `contents` are files beside it, whose keys it has; `index` is databases of their own,
which can be lost. Spec: docs/spec/profile.md, 13.
"""
