"""Who carries what of other people, and what two contacts say about it when they meet.

`kept` is what is asked of the store and ordered there, `policy` what is kept and what goes, `copies` how many
of a large bundle are handed on; `exchange` is the conversation of one session. Opens nothing, and never knows
what is for whom (C1). Pure. Spec: docs/spec/custody.md.
"""
