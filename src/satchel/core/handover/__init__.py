"""Hand-over of files from one machine to another: offer, choice, chunks, receipts.

`Sender` and `Receiver` are the two halves of the conversation, `codec` its bytes; the bulk data beside
it is core.blobs.stream. Nothing here reads a file or a socket. Spec: docs/spec/handover.md.
"""
