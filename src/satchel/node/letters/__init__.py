"""Letters and what is carried, as a running node has them: core decides, the store remembers.

`stores` is what is needed of the world, `shelf` what is in custody and the set that is compared, `outbox` own
letters on their way out, `releasing` receipts on theirs, `unsealing` what opens, `exchanging` one session's
conversation, `office` all of it.
Without socket or thread: the simulator runs the same. Spec: docs/spec/custody.md, docs/spec/letter.md.
"""
