"""Devices become contacts, and dial each other: for sim/sessions.py."""

from collections.abc import Sequence
from functools import partial

from satchel.core.crypto.curve import x25519_public
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import EPOCH_FIRST, begin
from satchel.core.opening.effects import Kept
from satchel.core.opening.session import Role
from satchel.core.session.contact import dialled_epochs, heard_epochs
from satchel.core.session.handshake import Statics
from satchel.sim.sessions import Entry, Node, Side, Talk
from satchel.sim.wire import Place

ANSWERED_WITHIN_S = 2.0  # then the next epoch is tried


def befriend(one: Node, other: Node) -> tuple[Side, Side]:
    """They have just been paired."""
    chance = one.world.chance.randbytes
    chains, statics = (chance(32), chance(32)), (chance(32), chance(32))
    epoch = max(EPOCH_FIRST, *(node.reading().day or 0 for node in (one, other)))
    sides = [
        node.add(
            ContactId(chance(16)),
            Entry(
                statics=Statics(own=statics[at], theirs=x25519_public(statics[1 - at])),
                kept=Kept(epochs=begin(epoch=epoch, speaking=chains[at], listening=chains[1 - at])),
            ),
        )
        for at, node in enumerate((one, other))
    ]
    return sides[0], sides[1]


def dial(caller: Side, to: Place, *, typed: bool = False) -> None:
    """With one epoch after the other, until there is an answer. `typed`: a person has typed the place."""
    _try(caller, to, dialled_epochs(caller.kept.epochs, day=caller.node.reading().day), typed=typed)


def _try(caller: Side, to: Place, epochs: Sequence[int], *, typed: bool) -> None:
    if caller.ready or not epochs:
        return
    if not caller.kept.epochs.speaking.reaches(epochs[0]):
        return  # a session of meanwhile has erased it
    talk = caller.talk(caller, Role.CALLER)
    talk.call(to, epochs[0], typed=typed)
    following = partial(_try_next, caller, to, epochs[1:], talk, typed=typed)
    caller.world.at(caller.world.now_s + ANSWERED_WITHIN_S, following)


def _try_next(caller: Side, to: Place, epochs: Sequence[int], talk: Talk, *, typed: bool) -> None:
    if not talk.session_hash:
        talk.close()
        _try(caller, to, epochs, typed=typed)


def common_epoch(caller: Side, listener: Side) -> int | None:
    """Of which both have the same keys, and which they try when this one dials."""
    heard = heard_epochs(listener.kept.epochs, hour=listener.node.hour)
    for epoch in dialled_epochs(caller.kept.epochs, day=caller.node.reading().day):
        if epoch in heard:
            ours, theirs = caller.kept.epochs.speaking.at(epoch), listener.kept.epochs.listening.at(epoch)
            return epoch if ours == theirs else None
    return None
