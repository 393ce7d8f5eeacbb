"""No flood silences anyone, none costs more than its limit (P3)."""

from satchel.carriers.lan import pacing
from satchel.carriers.lan.addresses import pack
from satchel.carriers.lan.pacing import Bucket, Gate
from satchel.ports import Address

LOUD = pack("10.0.0.66")
FRIEND = pack("10.0.0.7")


def forged(number: int) -> Address:
    return Address(b"\xfe\x80" + number.to_bytes(14, "big"))


def test_one_source_gets_its_share_and_no_more() -> None:
    gate = Gate(0.0)
    admitted = sum(gate.admit(LOUD, tick / 10_000) for tick in range(100_000))  # 10 s
    assert admitted <= pacing.SOURCE_BURST + pacing.SOURCE_PER_S * 10


def test_a_loud_source_costs_the_others_nothing() -> None:
    gate = Gate(0.0)
    for tick in range(20_000):  # 2 s
        gate.admit(LOUD, tick / 10_000)
    assert gate.admit(FRIEND, 2.0)


def test_forged_sources_do_not_silence_one_that_was_heard_before() -> None:
    gate = Gate(0.0)
    assert gate.admit(FRIEND, 0.0)
    admitted = 0
    heard = []
    for tick in range(50_000):  # 5 s of a new source each 100 microseconds
        now_s = 1.0 + tick / 10_000
        admitted += gate.admit(forged(tick), now_s)
        if tick % 10_000 == 9_999:
            heard.append(gate.admit(FRIEND, now_s))
    assert heard == [True] * 5
    assert admitted <= pacing.NEWCOMERS_BURST + pacing.NEWCOMERS_PER_S * 5 + 1


def test_a_newcomer_is_heard_after_a_flood() -> None:
    gate = Gate(0.0)
    for tick in range(1000):
        gate.admit(forged(tick), 0.0)
    assert not gate.admit(FRIEND, 0.0)
    assert gate.admit(FRIEND, 0.1)


def test_a_clock_that_goes_back_pays_nothing_out() -> None:
    bucket = Bucket(1.0, 1.0, 100.0)
    assert bucket.has_token(100.0)
    bucket.spend()
    assert not bucket.has_token(0.0)
    assert not bucket.has_token(0.5)
    assert bucket.has_token(1.0)
