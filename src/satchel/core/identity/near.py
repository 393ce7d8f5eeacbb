"""The places in a chain that are asked for again and again, kept at hand: the way to them may be long.

Who tells in each session that it is 20 years later makes us go 7,400 steps: once, and not at each session and
each hour (M3). Nothing is kept of before the chain (W4). Spec: docs/spec/discovery.md, 2.
"""

from typing import Self

from satchel.core.identity.epochs import Chain
from satchel.errors import MisuseError

DAYS_BEHIND = 2
PLACES_MAX = 8  # two agreed epochs, and a few days around now


class Near:
    """One chain. Holds secrets."""

    def __init__(self, chain: Chain, before: Self | None = None) -> None:
        """`before`: of the same contact and direction, until now. It is of use if `chain` goes on there."""
        self.chain = chain
        self._behind = chain  # a little before the days in question
        self._places: dict[int, Chain] = {}
        if before is not None and before._leads_to(chain):
            if before._behind.epoch >= chain.epoch:
                self._behind = before._behind
            self._places = {epoch: one for epoch, one in before._places.items() if epoch >= chain.epoch}

    def at(self, epoch: int) -> Chain:
        """As Chain.at. Raises MisuseError: the chain does not reach it."""
        if not self.chain.reaches(epoch):
            raise MisuseError(f"a chain at {self.chain.epoch} has no epoch {epoch}")
        if epoch not in self._places:
            start = self._nearest(epoch)
            if epoch - start.epoch > DAYS_BEHIND:
                start = self._behind = start.at(epoch - DAYS_BEHIND)
            if len(self._places) >= PLACES_MAX:
                del self._places[next(iter(self._places))]
            self._places[epoch] = start.at(epoch)
        return self._places[epoch]

    def _nearest(self, epoch: int) -> Chain:
        known = (self.chain, self._behind, *self._places.values())
        return max((one for one in known if one.epoch <= epoch), key=lambda one: one.epoch)

    def _leads_to(self, chain: Chain) -> bool:
        reaches = self.chain.reaches(chain.epoch)
        return reaches and self._nearest(chain.epoch).at(chain.epoch) == chain
