"""What keeps two devices from finding each other, or a person from being safe: looked for on this machine.

facts.py says what is known, machine.py reads it, diagnosis.py draws the conclusions and is pure. Nothing here
changes the machine, asks a name server or sends a packet. docs/spec/cli.md 1.7.
"""

from satchel.node.doctor.diagnosis import Finding, Kind, diagnose
from satchel.node.doctor.drawn import Drawn
from satchel.node.doctor.facts import Facts
from satchel.node.doctor.machine import look

__all__ = ["Drawn", "Facts", "Finding", "Kind", "diagnose", "look"]
