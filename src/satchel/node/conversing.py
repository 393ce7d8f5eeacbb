"""The receiver's conversations, each with threads and further pipes of its own.

Several may run side by side: a sender that is silent keeps no other hand-over waiting (M3).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from satchel.core.handover.messages import Entry, Failure
from satchel.core.handover.receiving import Receiver
from satchel.core.session.handshake import SessionKeys
from satchel.node import events
from satchel.node.channel import Channel
from satchel.node.commits import Ledger
from satchel.node.outcome import Outcome
from satchel.node.own_thread import in_own_thread
from satchel.node.pipes import PipeOpener
from satchel.node.receiving import Consider, ReceivingConversation
from satchel.node.unfinished import Found, Unfinished
from satchel.ports import Entropy, HandoverId, Lan, Landing, Pipe, Records


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended."""

    outcome: Outcome
    loss: events.Loss
    sender_went_on: bool  # the sender has heard of the acceptance: its code is of no use any more


class Conversing:
    """Used from one asyncio loop. A cancelled conversation says so to the other side, and is waited for."""

    def __init__(
        self, *, lan: Lan, entropy: Entropy, records: Records, aes: bool, typed_address: bool
    ) -> None:
        self._lan = lan
        self._entropy = entropy
        self._records = records
        self._aes = aes
        self._typed_address = typed_address

    async def begin(
        self, id: HandoverId, pipe: Pipe, keys: SessionKeys, *, consider: Consider, report: events.Report
    ) -> Ended:
        """The other side has the code, and an offer. Raises PeerError, EnvironmentProblem."""
        report(events.Met(resumed=False))
        receiver = Receiver(aes=self._aes)
        return await self._hold(
            id, pipe, keys, receiver, keys_confirmed=lambda: None, consider=consider, report=report
        )

    async def go_on(
        self, one: Unfinished, pipe: Pipe, keys: SessionKeys, *, used: bytes, report: events.Report
    ) -> Ended:
        """The other side has the secret that was `used`. Raises PeerError, EnvironmentProblem."""
        id = one.head.id
        report(events.Met(resumed=True))
        try:
            self._records.replace_secret(id, keys.resumption_secret, used=used)
            one.head = replace(one.head, secret=keys.resumption_secret, older_secret=used)
            there = await self._look_at_disk(one)
        except BaseException:
            pipe.close()
            raise

        def keys_confirmed() -> None:
            self._records.confirm_secret(id)
            one.head = replace(one.head, older_secret=None)

        if not one.told:  # an earlier run of the program told its person; this one has not
            for entry in there.failed:
                report(events.FileFailed(path=entry.path, failure=Failure.FAILED_BEFORE))
        one.told = True
        return await self._hold(
            id,
            pipe,
            keys,
            there.receiver(aes=self._aes),
            keys_confirmed=keys_confirmed,
            consider=lambda _entries, _note: None,  # there is no offer in a resumed session
            report=report,
            wanted=there.wanted,
            landing=one.landing,
            held_bytes=there.held_bytes,
        )

    async def _look_at_disk(self, one: Unfinished) -> Found:
        looking = asyncio.ensure_future(in_own_thread(one.look_at_disk, self._records))
        try:
            return await asyncio.shield(looking)
        finally:
            if not looking.done():  # cancelled: its thread still uses the files and the record
                one.stop_looking()
                await asyncio.gather(looking, return_exceptions=True)

    async def _hold(
        self,
        id: HandoverId,
        pipe: Pipe,
        keys: SessionKeys,
        receiver: Receiver,
        *,
        keys_confirmed: Callable[[], None],
        consider: Consider,
        report: events.Report,
        wanted: Mapping[int, Entry] | None = None,
        landing: Landing | None = None,
        held_bytes: int = 0,
    ) -> Ended:
        pipe.set_deadline(None)  # the kernel notices a vanished peer within some twenty seconds
        further = PipeOpener(
            self._lan,
            self._entropy,
            typed_address=self._typed_address,
            loop=asyncio.get_running_loop(),
        )
        talk = ReceivingConversation(
            channel=Channel(pipe, keys),
            receiver=receiver,
            ledger=Ledger(self._records, id),
            keys_confirmed=keys_confirmed,
            consider=consider,
            open_pipes=further.open_from_thread,
            report=report,
        )
        running = asyncio.ensure_future(
            in_own_thread(talk.run, wanted=wanted, landing=landing, held_bytes=held_bytes)
        )
        try:
            return Ended(await asyncio.shield(running), talk.loss, talk.sender_went_on)
        finally:
            further.close()
            if not running.done():  # cancelled: its threads still use the files and the record
                talk.stop()
                await asyncio.gather(running, return_exceptions=True)
