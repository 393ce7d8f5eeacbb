"""The places at the door, without any socket: session 3, promises P1 and P3."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.carriers.lan import pools as p
from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.pools import Close, Drain, Effect, Pools, Stage
from satchel.ports import Address

FLOODER = pack("10.0.0.66")
FRIEND = pack("10.0.0.7")
PLACES_MAX = p.WAITING_MAX + p.READY_MAX + p.DRAINING_MAX


def forged(number: int) -> Address:
    return Address(b"\xfe\x80" + number.to_bytes(14, "big"))


def closed(effects: Sequence[Effect]) -> list[int]:
    return [effect.key for effect in effects if isinstance(effect, Close)]


def test_flood_of_one_source_pushes_out_its_own() -> None:
    """100,000 connections that never speak: the friend who came first keeps its place."""
    pools = Pools()
    pools.arrive(0, FRIEND, 0.0, 0.5)
    open_keys = {0}
    for key in range(1, 100_001):
        open_keys.add(key)
        open_keys.difference_update(closed(pools.arrive(key, FLOODER, key * 1e-6, 0.5)))
        assert len(open_keys) == len(pools) <= p.WAITING_MAX
    assert pools.stage(0) is Stage.WAITING


def test_second_connection_of_a_source_never_costs_anothers_only_place() -> None:
    pools = Pools()
    for key in range(p.WAITING_MAX):
        pools.arrive(key, forged(key), 0.0, 0.5)
    last = p.WAITING_MAX - 1
    assert closed(pools.arrive(100, forged(last), 0.1, 0.5)) == [last]


def test_flood_of_many_sources_pushes_out_the_oldest() -> None:
    pools = Pools()
    for key in range(p.WAITING_MAX):
        pools.arrive(key, forged(key), 0.0, 0.5)
    assert closed(pools.arrive(100, forged(100), 0.1, 0.5)) == [0]


def test_slow_ones_are_drained_when_the_flight_is_due_then_closed() -> None:
    """A byte a second keeps no place: time counts from the connection, not from the last byte."""
    pools = Pools()
    pools.arrive(0, FLOODER, 10.0, 0.0)
    assert pools.expire(11.99) == []
    assert pools.expire(12.0) == [Drain(key=0)]
    assert pools.stage(0) is Stage.DRAINING
    assert pools.expire(16.99) == []
    assert pools.expire(17.0) == [Close(key=0)]
    assert len(pools) == 0


def test_whole_flight_that_nobody_looks_at_is_drained() -> None:
    pools = Pools()
    pools.arrive(0, FRIEND, 0.0, 0.0)
    assert pools.complete(0, 0.1) == []
    assert pools.expire(p.READY_DUE_S) == []
    assert pools.expire(0.1 + p.READY_DUE_S) == [Drain(key=0)]


def test_drain_pool_is_bounded_oldest_first() -> None:
    pools = Pools()
    ended: list[int] = []
    for key in range(1000):
        pools.arrive(key, FLOODER, 0.0, 0.5)
        pools.complete(key, 0.0)
        ended += closed(pools.reject(key, 0.0))
    assert ended == list(range(1000 - p.DRAINING_MAX))


@pytest.mark.parametrize("rejected_s", [0.0, 0.3, 1.0, 2.0])
@given(chance=st.floats(0, 1, exclude_max=True))
def test_end_does_not_tell_when_it_was_rejected(rejected_s: float, chance: float) -> None:
    """P1: silence, 255 bytes and a wrong proof all end 7 to 15 s after the connection, drawn beforehand."""
    pools = Pools()
    pools.arrive(0, FLOODER, 0.0, chance)
    pools.reject(0, rejected_s)
    ends_s = 7 + 8 * chance
    assert pools.expire(ends_s - 0.001) == []
    assert pools.expire(ends_s + 0.001) == [Close(key=0)]
    assert p.DRAIN_MIN_S <= ends_s - rejected_s <= p.DRAIN_MIN_S + p.DRAIN_SPREAD_S


def test_judged_twice_is_nothing() -> None:
    pools = Pools()
    pools.arrive(0, FRIEND, 0.0, 0.5)
    assert pools.release(0)
    assert not pools.release(0)
    assert pools.reject(0, 0.0) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["arrive", "complete", "reject", "release", "expire"]),
            st.integers(0, 200),
            st.floats(0, 3),
        ),
        max_size=400,
    )
)
def test_every_connection_has_one_place_or_was_closed(steps: list[tuple[str, int, float]]) -> None:
    """No leak and no double close whatever happens: open sockets are exactly those with a place (P3)."""
    pools = Pools()
    now_s = 0.0
    next_key = 0
    open_keys: set[int] = set()
    for action, number, passed_s in steps:
        now_s += passed_s if action == "expire" else 0.0
        key = number % (next_key + 1)
        effects: list[Effect] = []
        if action == "arrive":
            open_keys.add(next_key)
            effects = pools.arrive(next_key, forged(number % 5), now_s, 0.5)
            next_key += 1
        elif action == "complete" and pools.stage(key) is Stage.WAITING:
            effects = pools.complete(key, now_s)
        elif action == "reject":
            effects = pools.reject(key, now_s)
        elif action == "release" and pools.release(key):
            open_keys.remove(key)
        elif action == "expire":
            effects = pools.expire(now_s)
        for gone in closed(effects):
            open_keys.remove(gone)  # KeyError: closed twice
        assert {key for key in range(next_key) if pools.stage(key) is not None} == open_keys
        assert len(pools) <= PLACES_MAX
    for _ in range(3):
        now_s += 20.0
        open_keys.difference_update(closed(pools.expire(now_s)))
    assert not open_keys
