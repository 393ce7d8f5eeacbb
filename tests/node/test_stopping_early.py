"""What is stopped before its first byte has come, or while it is offered anew, is stopped too (M3, T2)."""

import threading
from pathlib import Path
from typing import Any

import pytest

from node.contact_sides import Hands, running
from node.pretend_lan import Air
from node.test_deliveries import A, B, hands, moved, told
from node.test_neighbours import run
from node.test_stopping import BEGUN_BYTES, begun, film, states, stop
from node.test_taking_changes import soon
from satchel.errors import EnvironmentProblem
from satchel.node import events
from satchel.node.delivery.pipes import _Awaited, _Dialled
from satchel.node.delivery.taking import Reception
from satchel.ports.queue import QueueState

__all__ = ["film", "hands", "soon"]  # fixtures


@pytest.mark.usefixtures("soon", "film")
def test_t2_what_is_stopped_before_its_pipe_is_there_leaves_nothing_in_part(
    hands: tuple[Hands, Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact may say that it goes on, and then let us wait half a minute for its first word."""
    giver, taker = hands

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: moved(there) > BEGUN_BYTES)
            await there.until(lambda: told(there, events.Lost) and not there.talking)
            assert any(taker.into.iterdir())

            def open_never(way: object, port: int) -> object:
                if threading.current_thread().name != "satchel-take" or begun(taker).is_refused:
                    return opens[type(way)](way, port)
                assert stop(taker, there)
                raise EnvironmentProblem("Nobody came for this hand-over.")

            opens: dict[type, Any] = {kind: kind.open for kind in (_Dialled, _Awaited)}
            for kind in opens:
                monkeypatch.setattr(kind, "open", open_never)
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()  # shouts at once
                await here.until(lambda: told(here, events.Declined))

    run(test)
    assert states(giver) == [QueueState.DECLINED]
    assert begun(taker).is_refused
    assert not any(taker.into.iterdir())


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("when", ["_decide", "_remember"])
def test_what_is_stopped_while_it_is_offered_anew_is_not_taken_once_more(
    hands: tuple[Hands, Hands], film: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Delivery 5.7: its giver never heard that it was accepted, and what it gives is taken without asking."""
    giver, taker = hands
    does: Any = getattr(Reception, when)

    async def test() -> None:
        air = Air()
        async with running(air, taker.device, B, hands_over=taker) as there:
            async with running(air, giver.device, A, hands_over=giver):
                await there.until(lambda: moved(there) > BEGUN_BYTES)
            await there.until(lambda: told(there, events.Lost) and not there.talking)
            [queued] = giver.queue.all()
            giver.records.forget(queued.id)
            film.write_bytes(b"another one")
            listed = begun(taker)

            def stopped_meanwhile(reception: Reception, *offer: object) -> object:
                monkeypatch.setattr(Reception, when, does)
                assert there.deliveries is not None
                assert there.deliveries.refuse(listed)
                return None if when == "_decide" else does(reception, *offer)  # or declined just now, too

            monkeypatch.setattr(Reception, when, stopped_meanwhile)
            async with running(air, giver.device, A, hands_over=giver) as here:
                await there.node.meet()
                await here.until(lambda: told(here, events.Declined))

    run(test)
    assert states(giver) == [QueueState.DECLINED]
    assert begun(taker).is_refused
    assert not any(taker.into.iterdir())
