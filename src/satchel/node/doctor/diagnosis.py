"""From facts to findings. Pure: the same facts, the same findings, in an order that helps."""

from satchel.node.doctor.drawn import Drawn
from satchel.node.doctor.facts import Facts
from satchel.node.doctor.finding import Finding, Kind
from satchel.node.doctor.meeting import if_they_still_do_not, why_not_met
from satchel.node.doctor.safety import what_is_unsafe, what_is_weaker

__all__ = ["Finding", "Kind", "diagnose"]


def diagnose(facts: Facts, drawn: Drawn) -> list[Finding]:
    """Everything that is wrong, then what might be. No hints about meeting where a cause is known: they
    would draw attention from it.

    Args:
        facts: of one look.
        drawn: for the lines that need a password or an address.
    """
    causes = list(why_not_met(facts, drawn))
    hints = [] if causes else list(if_they_still_do_not(facts, drawn))
    return [*causes, *what_is_unsafe(facts, drawn), *hints, *what_is_weaker(facts)]
