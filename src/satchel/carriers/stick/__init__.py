"""Sticks, cards, any folder: bundles wait there for whoever comes with them. Nothing here can open one.

`layout` is a file as bytes, `contents` reads what a stranger wrote, `survey` decides what may go: all pure.
`folder` is the one place that touches the disk, `writer` fills it, `carry` is what `satchel carry` does.
Spec: docs/spec/stick.md.
"""

from satchel.carriers.stick.carry import CarriedOut, TakenIn, carry_in, carry_out, exchange, is_stick

__all__ = ["CarriedOut", "TakenIn", "carry_in", "carry_out", "exchange", "is_stick"]
