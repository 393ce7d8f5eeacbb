"""`satchel carry`."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from satchel.carriers.stick import CarriedOut, TakenIn, carry_in, carry_out, exchange, is_stick
from satchel.cli.carry_lines import Meter, about_out, about_taken, out_fields, taken_fields
from satchel.cli.carry_places import look_around, without_clock
from satchel.cli.home import absolute
from satchel.cli.profile import Profile, open_existing
from satchel.cli.run import run_until_done
from satchel.cli.show import Show
from satchel.errors import EnvironmentProblem, NothingToDo
from satchel.node.entropy import SystemEntropy

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What came of it."""

    taken: TakenIn | None = None
    went: CarriedOut | None = None
    own: int = 0  # own letters of which something went


def run(options: argparse.Namespace, show: Show) -> int:
    place = absolute(options.place, options.folder)
    is_going_out = options.action != "in"
    _look_at(place, is_going_out=is_going_out)
    with closing(open_existing(options, show)) as profile:
        look_around(place, profile, show, is_going_out=is_going_out)
        # Who only reads a stick gives away the right to write on it, too.
        profile.confine(*([place] if is_going_out else []))
        if profile.post.clock.best_s() is None:
            show.warning(without_clock())
        carried = _carry(options, show, profile, place)
    words = [about_taken(carried.taken)] if carried.taken is not None else []
    fields = taken_fields(carried.taken) if carried.taken is not None else {}
    if carried.went is not None:
        words.append(about_out(carried.went, carried.own))
        fields |= out_fields(carried.went, carried.own)
    show.done(text="\n".join(words), **fields)
    return EnvironmentProblem.exit_code if fields.get("failed") else 0


def _look_at(place: Path, *, is_going_out: bool) -> None:
    """Before anybody types a passphrase. Raises EnvironmentProblem, NothingToDo."""
    try:
        is_ours = is_stick(place)
    except EnvironmentProblem as problem:
        problem.safe = "Nothing was done."
        raise
    if not is_ours and not is_going_out:
        raise NothingToDo(
            "There is nothing of Satchel in this folder.",
            safe="Nothing was changed.",
            do="Name the folder in which CARRY lies: as a rule that of the stick itself.",
        )


def _carry(options: argparse.Namespace, show: Show, profile: Profile, place: Path) -> Carried:
    done: list[Carried] = []
    meter, clock_s, entropy = Meter(show), profile.post.clock.best_s(), SystemEntropy()

    def work() -> Carried:
        office = profile.post.office
        while office.prepare():  # else nobody would know what comes in for whom
            meter.tell(0)
        visit = office.visit_stick()
        if options.action == "in":
            return Carried(taken=carry_in(place, visit, clock_s=clock_s, tell=meter.tell))
        taken = None
        where, size_bytes = (place, visit, entropy), options.size
        if options.action == "out":
            went = carry_out(*where, clock_s=clock_s, size_bytes=size_bytes, tell=meter.tell)
        else:
            taken, went = exchange(*where, clock_s=clock_s, size_bytes=size_bytes, tell=meter.tell)
        return Carried(taken=taken, went=went, own=len(visit.own_letters))

    async def carry() -> None:
        done.append(await stoppable(work, meter))

    leave = profile.post.listen(meter.hear)
    try:
        run_until_done(carry, show, stopped=_stopped())
    finally:
        leave()
        meter.close()
    return done[0]


async def stoppable(work: Callable[[], _T], meter: Meter) -> _T:
    """In a thread, which has no more rights than this one. Who cancels waits until it has stopped, between
    two pieces."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        meter.stop()
        await asyncio.wait([working])
        if working.exception() is None:
            return working.result()  # it was over
        raise


def _stopped() -> EnvironmentProblem:
    return EnvironmentProblem(
        "Stopped.",
        safe="What was taken in stays, and what is whole on the stick is whole.",
        do="Start again: it goes on with what is missing.",
    )
