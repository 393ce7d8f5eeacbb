"""What two contacts do in a session: compare, tell receipts, give and take. One side of it.

May end at any instant: what was stored is stored, and what was handed over is counted only when the other has
said that it has it. Comparing itself is core/reconcile, a stranger: its messages pass through here as bytes.
Spec: docs/spec/custody.md, sections 6 to 9.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from satchel.core.bundles.header import BundleId
from satchel.core.bundles.receipt import Receipt, commitment
from satchel.core.custody.codec import pieces
from satchel.core.custody.effects import Answered, Asked, Compare, Effect, Numbers, Receipted, Say
from satchel.core.custody.giving import Give, Giving
from satchel.core.custody.kept import Kept
from satchel.core.custody.limits import (
    AGAIN_CALM_S,
    AGAIN_S,
    AGAIN_S_MIN,
    OFFERED_MAX,
    SAID_SHARE,
    WANTED_MAX,
    Allowance,
)
from satchel.core.custody.messages import (
    Answer,
    Ask,
    Await,
    Begin,
    Block,
    Gone,
    Got,
    Message,
    Offer,
    Offered,
    Receipts,
    Skip,
    Want,
)
from satchel.core.custody.policy import Custody
from satchel.core.custody.taking import Taking
from satchel.core.identity.contacts import ContactId
from satchel.errors import PeerError


class Exchange:
    """One side; after a PeerError it is dead. What there is to say is said before blocks are given."""

    def __init__(
        self, custody: Custody, contact: ContactId, *, we_dialled: bool, copies_key: bytes, now_s: float
    ) -> None:
        """
        Args:
            we_dialled: the session. Who did compares.
            copies_key: 32 random bytes, the same as long as the program runs.
            now_s: of a clock that is never set, here and below.
        """
        self._custody = custody
        self._contact = contact
        self._we_dialled = we_dialled
        self._giving = Giving(custody.index, contact, key=copies_key)
        self._taking = Taking(custody, contact)
        self._allowance = Allowance(now_s)
        self._saying = Allowance(now_s, share=SAID_SHARE)
        self._offered: set[BundleId] = set()  # and not wanted
        self._has_heard = False
        self._is_open = False  # a comparison of ours, or a question of the contact that is not answered
        self._answer_is_due = False  # to what we asked
        self._own_told: set[bytes] = set()  # own ones whose receipt came here: told once
        self._compared_at_s: float | None = None
        self._room = WANTED_MAX  # for offers of this comparison
        self._has_more = False

    def begin(
        self,
        *,
        highest: int,
        next: int,
        receipts: Iterable[Receipt] = (),
        direct: Iterable[BundleId] = (),
        awaited: Sequence[bytes] = (),
        now_s: float,
    ) -> list[Effect]:
        """
        Args:
            highest, next: of the chains of this contact (chain 4.1, 3.1).
            receipts: that leave with this meeting (receipt 3.2, 3.3).
            direct: own bundles for this contact, shown to others or not, that it has not been given.
            awaited: commitments of large bundles that are here no more, in an order that says nothing [6.10].
        """
        said: list[Effect] = [Say(message=Begin(highest=highest, next=next))]
        compare: list[Effect] = self._compare(now_s) if self._we_dialled else []
        granted = self._saying.grant(len(awaited), now_s)
        awaits = [Say(message=Await(commitments=some)) for some in pieces(awaited[:granted])]
        return [*said, *self.pass_on(receipts, now_s), *self.write(direct), *awaits, *compare]

    @property
    def wake_at_s(self) -> float | None:
        """When wake() is due, to compare again [6.5]."""
        if not self._we_dialled or self._is_open or self._compared_at_s is None:
            return None
        has_more = self._has_more or self._taking.is_full
        return self._compared_at_s + (AGAIN_S if has_more else AGAIN_CALM_S)

    def wake(self, now_s: float) -> list[Effect]:
        due_s = self.wake_at_s
        return self._compare(now_s) if due_s is not None and now_s >= due_s else []

    def _compare(self, now_s: float) -> list[Effect]:
        self._compared_at_s, self._is_open = now_s, True
        self._room, self._has_more, self._taking.is_full = WANTED_MAX, False, False
        return [Compare()]

    # --- what comes of comparing --------------------------------------------------------------------

    def ask(self, message: bytes, *, anew: bool) -> list[Effect]:
        self._answer_is_due = True
        return [Say(message=Ask(message=message, anew=anew))]

    def answer(self, message: bytes) -> list[Effect]:
        self._is_open = False
        return [Say(message=Answer(message=message))]

    def have(self, ids: Iterable[BundleId], now_s: float) -> list[Effect]:
        """The contact lacks these, as far as one comparison can tell."""
        fresh = [id for id in ids if id not in self._offered]
        self._has_more |= len(fresh) > self._room
        fresh = fresh[: self._room]
        self._room -= len(fresh)
        return self._offer_shown((self._custody.index.kept(id) for id in fresh), now_s)

    def need(self, ids: Iterable[BundleId]) -> list[Effect]:
        """The contact says to have these, and we lack them."""
        return self._taking.need(ids)

    def settled(self) -> None:
        self._is_open = False

    # --- what changes meanwhile ---------------------------------------------------------------------

    def offer(self, ids: Iterable[BundleId], now_s: float) -> list[Effect]:
        """These have come into custody, or are shown from now on."""
        kept = (self._custody.index.kept(id) for id in ids)
        return self._offer_shown((one for one in kept if one and one.ingress != self._contact), now_s)

    def write(self, ids: Iterable[BundleId]) -> list[Effect]:
        """Own ones for this contact: at once."""
        kept = [one for id in ids if (one := self._custody.index.kept(id)) is not None]
        self._giving.show(one.id for one in kept)
        return self._offer(kept, direct=True)

    def pass_on(self, receipts: Iterable[Receipt], now_s: float) -> list[Effect]:
        """These were told by others, or leave with this meeting.

        Where they are too many at once, the others are told to whoever still offers their bundles.
        """
        told = list(receipts)
        granted = self._saying.grant(len(told), now_s)
        return [Say(message=Receipts(receipts=some)) for some in pieces(told[:granted])]

    def skip(self, ids: Iterable[BundleId], now_s: float) -> list[Effect]:
        """These have come from others, or their receipts have: whatever is still wanted of them is not.

        Where they are too many at once, the others come once more, for nothing.
        """
        wanted = [id for id in ids if self._taking.awaits(id)]
        return self._taking.skip(wanted[: self._saying.grant(len(wanted), now_s)])

    def stored(self, ids: Iterable[BundleId]) -> list[Effect]:
        """What has arrived will survive a power cut."""
        return self._taking.stored(ids, durable=True)

    def not_stored(self, ids: Iterable[BundleId]) -> list[Effect]:
        """There is no room, or it came from somebody else first."""
        return self._taking.stored(ids, durable=False)

    # --- what is given ------------------------------------------------------------------------------

    def next(self) -> tuple[Give | None, list[Effect]]:
        """The block that is next, and what is to be said before. Ask when all that was said has left."""
        return self._giving.next()

    def block(self, give: Give, data: bytes) -> Block:
        return self._giving.block(give, data)

    def lost(self, give: Give) -> list[Effect]:
        return self._giving.lost(give)

    # --- what the contact says ----------------------------------------------------------------------

    def hear(self, message: Message, *, now_s: float, clock_s: int | None) -> list[Effect]:
        """Take in one message; raises PeerError if it breaks the spec.

        clock_s: lifetime.best_clock_s.
        """
        if isinstance(message, Begin) == self._has_heard:
            raise PeerError("custody 8.1: Begin is the first message, and no other")
        match message:
            case Begin(highest=highest, next=next):
                self._has_heard = True
                return [Numbers(highest=highest, next=next)]
            case Ask():
                return self._hear_ask(message, now_s)
            case Answer():
                if not self._answer_is_due:
                    raise PeerError("custody 8.2: an answer to nothing")
                self._answer_is_due = False
                return [Answered(message=message.message)]
            case Receipts():
                return self._hear_receipts(message, now_s)
            case Await(commitments=commitments):
                effects, in_vain = self._hear_await(commitments), len(commitments)
            case Offer():
                effects, in_vain = self._taking.offered(message, clock_s)
            case Want():
                effects, in_vain = self._giving.wanted(message)
                self._offered.difference_update(one.id for one in message.bundles)
            case Block():
                return self._taking.hear_block(message, clock_s)
            case Skip(numbers=numbers):
                effects, in_vain = self._giving.skipped(numbers)
                self._saying.give_back(len(numbers))
            case Gone(numbers=numbers):
                effects, in_vain = [], self._taking.hear_gone(numbers)
            case Got(numbers=numbers):
                self._saying.give_back(len(numbers))
                return self._giving.got(numbers)
            case _:
                assert_never(message)
        self._allowance.spend(in_vain, now_s)
        return effects

    def _hear_ask(self, ask: Ask, now_s: float) -> list[Effect]:
        if self._we_dialled or self._is_open:
            raise PeerError("custody 8.2: a question that is not due")
        if ask.anew:
            if self._compared_at_s is not None and now_s - self._compared_at_s < AGAIN_S_MIN:
                raise PeerError(f"custody 9.3: compared again within {AGAIN_S_MIN:.0f} s")
            self._compared_at_s = now_s
        elif self._compared_at_s is None:
            raise PeerError("custody 8.2: a comparison without a beginning")
        self._is_open = True
        return [Asked(message=ask.message, anew=ask.anew)]

    def _hear_receipts(self, told: Receipts, now_s: float) -> list[Effect]:
        """Of bundles that were never here nothing is kept, and each costs one look-up [3.4]."""
        new: list[Receipt] = []
        for receipt in told.receipts:
            hashed = commitment(receipt.preimage)
            known = self._custody.index.known(hashed)
            if known is None or known.receipt is not None or hashed in self._own_told:
                continue
            if known.own is not None:  # it acts only when it is released
                self._own_told.add(hashed)
            new.append(receipt)
        self._allowance.spend(len(told.receipts) - len(new), now_s)
        return [Receipted(receipts=tuple(new))] if new else []

    def _hear_await(self, commitments: Iterable[bytes]) -> list[Effect]:
        found = map(self._custody.receipt_of, commitments)
        told = dict.fromkeys(receipt for receipt in found if receipt is not None)
        return [Say(message=Receipts(receipts=some)) for some in pieces(told)]

    def _offer_shown(self, kept: Iterable[Kept | None], now_s: float) -> list[Effect]:
        """Not all, where they are too many at once: another comparison finds the rest."""
        shown = [one for one in kept if one is not None and one.offered]
        granted = self._saying.grant(len(shown), now_s)
        self._has_more |= granted < len(shown)
        if len(self._offered) + granted > OFFERED_MAX:
            self._offered.clear()
        self._offered.update(one.id for one in shown[:granted])
        return self._offer(shown[:granted], direct=False)

    def _offer(self, kept: Iterable[Kept], *, direct: bool) -> list[Effect]:
        described = (
            Offered(id=one.id, size_class=one.header.size_class, expiry_hour=one.header.expiry_hour)
            for one in kept
        )
        return [Say(message=Offer(bundles=some, direct=direct)) for some in pieces(described)]
