"""Who answers, or asks, may say anything: no hang, no memory, nothing told twice (M3, P3)."""

import contextlib
import re
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.tree import ROOT
from core.reconcile.reconcile_kit import HOUR, Row, Talk, drawn, named
from satchel.core.reconcile import initiator as asking
from satchel.core.reconcile import limits
from satchel.core.reconcile.initiator import OPEN_MAX, Initiator
from satchel.core.reconcile.message import MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN, Range, Writer, decode
from satchel.core.reconcile.records import INFINITY, START, Records, position
from satchel.core.reconcile.responder import Responder
from satchel.core.session.frames import CONTROL_BODY_MAX
from satchel.core.wire import cbor
from satchel.errors import PeerError

WRONG = bytes(16)
STORE = sorted(drawn("store", 20_000))
Liar = Callable[[list[Range]], list[Range]]


def message(*ranges: Range) -> bytes:
    writer = Writer()
    for range in ranges:
        writer.say(range)
    return writer.message()


def refusal(clause: str) -> Any:
    return pytest.raises(PeerError, match=rf"^reconciliation {clause}:")


def asked(initiator: Initiator) -> list[Range]:
    return list(decode(initiator.begin().message))


def converse(liar: Liar, rows: list[Row] = STORE) -> Talk:
    """Until it is settled, or refused: it is one of the two."""
    talk, initiator = Talk(), Initiator(Records(rows))
    said: bytes | None = initiator.begin().message
    while said is not None:
        answer = message(*liar(list(decode(said))))
        talk.messages += [said, answer]
        said = talk.hear(initiator, answer)
    return talk


def all_wrong(ranges: list[Range]) -> list[Range]:
    return [Range(range.lower, range.upper, WRONG if range.fingerprint else None) for range in ranges]


def test_m3_a_liar_that_never_agrees_is_soon_at_the_end() -> None:
    talk = converse(all_wrong)
    assert talk.settled
    assert sorted(talk.has) == sorted(id for _, id in STORE)  # it says to have none: so be it
    assert talk.rounds < 40
    assert not talk.needs


def test_m3_a_liar_that_cuts_every_answer_short_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers one range, and says that there was no room for more."""

    def short(ranges: list[Range]) -> list[Range]:
        first = all_wrong(ranges)[0]
        return [first] if first.upper == INFINITY else [first, Range(first.upper, INFINITY, WRONG)]

    monkeypatch.setattr(limits, "ROUNDS_MAX", 200)
    with refusal("7.1"):
        converse(short)


def test_m3_a_liar_that_splits_what_is_open_into_thousands_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each range that it opens costs it 20 bytes, and us a few more."""

    def splits(ranges: list[Range]) -> list[Range]:
        said: list[Range] = []
        for range in ranges:
            if range.fingerprint is None:
                said.append(Range(range.lower, range.upper))
                continue
            room = (MESSAGE_BYTES_MAX - 1000) // 25 // len(ranges)
            low, high = (int.from_bytes(bound, "big") for bound in (range.lower, range.upper))
            step = max(1, (high - low) // max(1, room)) >> 248 << 248 or 1 << 248
            bounds = [at.to_bytes(40, "big") for at in _steps(low, high, step, room)]
            said += [Range(one, other, WRONG) for one, other in pairwise(bounds)]
        return said

    with monkeypatch.context() as patch:
        patch.setattr(asking, "OPEN_MAX", 2_000)
        with refusal("7.4"):
            converse(splits, STORE[::8])
    tracemalloc.start()
    try:
        began_s = time.process_time()
        with contextlib.suppress(PeerError):
            converse(splits, STORE[::8])
        assert time.process_time() - began_s < 60
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 << 20


def _steps(low: int, high: int, step: int, count: int) -> list[int]:
    return [low, *[low + step * number for number in range(1, count) if low + step * number < high], high]


@pytest.mark.parametrize("lie", ["settled before", "never open", "wider", "from before", "ids behind"])
def test_m3_only_what_was_asked_is_answered(lie: str) -> None:
    """[6.3] So no range can be told twice, and nothing is needed twice."""
    initiator, talk = Initiator(Records(STORE)), Talk()
    ranges = asked(initiator)
    open = ranges[5]  # the answer says that it differs, and all others are equal
    assert talk.hear(initiator, message(Range(open.lower, open.upper, WRONG))) is not None
    inner = (int.from_bytes(open.lower, "big") + 1).to_bytes(40, "big")
    told = {
        "settled before": Range(ranges[4].lower, ranges[4].upper, None, (named(1),)),
        "never open": Range(ranges[6].lower, ranges[6].upper, WRONG),
        "wider": Range(inner, ranges[6].upper, WRONG),
        "from before": Range(START, open.lower, None),
        "ids behind": Range(ranges[8].lower, INFINITY, None, (named(1),)),
    }[lie]
    with refusal("6.3"):
        initiator.hear(message(told))


def test_ids_are_answered_by_ids() -> None:
    initiator = Initiator(Records(STORE[:5]))
    initiator.begin()
    with refusal("6.3"):
        initiator.hear(message(Range(START, position(HOUR + 5, bytes(32)), WRONG)))
    fresh = Initiator(Records(STORE[:5]))
    fresh.begin()
    with refusal("6.4"):  # it could be said again and again
        fresh.hear(message(Range(START, INFINITY, WRONG)))


def test_a_rest_that_is_equal_is_settled() -> None:
    """[6.4] The one fingerprint behind a cut answer settles all that is behind it, where it is the same."""
    records, talk = Records(STORE), Talk()
    initiator = Initiator(records)
    ranges = asked(initiator)
    rest = Range(ranges[3].lower, INFINITY, records.fingerprint(ranges[3].lower, INFINITY))
    assert talk.hear(initiator, message(rest)) is None
    assert talk.settled


def test_m3_ids_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IDS_MAX", 20_000)
    initiator = Initiator(Records(STORE))
    initiator.begin()
    heard, lower = 0, START
    with refusal("7.3"):
        for turn in range(20):
            ids = tuple(turn.to_bytes(30, "big") + index.to_bytes(2, "big") for index in range(1_900))
            upper = (int.from_bytes(lower, "big") + 1).to_bytes(40, "big")
            list(initiator.hear(message(Range(lower, upper, None, ids), Range(upper, INFINITY, WRONG))))
            lower, heard = upper, heard + len(ids)
    assert heard <= limits.IDS_MAX < heard + 1_900


def test_m3_a_responder_hears_so_many_messages_and_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    responder = Responder(Records(STORE))
    for _ in range(limits.ROUNDS_MAX):
        assert responder.hear(b"\x61") == b"\x61"
    with refusal("7.1"):
        responder.hear(b"\x61")
    monkeypatch.setattr(limits, "RANGES_MAX", 100_000)
    responder = Responder(Records())
    many = b"\x61" + b"\1\0\2\0" * 16_000
    heard = 0
    with refusal("7.2"):
        while True:
            responder.hear(many)
            heard += 16_000
    assert heard <= limits.RANGES_MAX < heard + 16_000


@pytest.mark.parametrize("kind", ["empty lists", "fingerprints", "wide fingerprints", "all of it"])
def test_m3_the_dearest_question_costs_little(kind: str) -> None:
    """A contact may ask for a lot at once: a few tenths of a second, a few MB, and an answer that fits."""
    bounds = [position(*row) for row in STORE]
    hours = [position(HOUR + number // 4, bytes((number % 4 * 64,)) + bytes(31)) for number in range(2_800)]
    ranges = {
        "empty lists": [Range(one, other) for one, other in pairwise(bounds[:1_300])],
        "fingerprints": [Range(one, other, WRONG) for one, other in pairwise(hours)],
        "wide fingerprints": [Range(bounds[9], bounds[-9], WRONG)] * 1,
        "all of it": [Range(START, INFINITY)],
    }[kind]
    records = Records(STORE)
    question = message(*ranges)
    tracemalloc.start()
    try:
        began_s = time.process_time()
        answer = Responder(records).hear(question)
        took_s = time.process_time() - began_s
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(answer) <= MESSAGE_BYTES_MAX
    assert took_s < 5
    assert peak_bytes < 8 << 20


def test_a_responder_answers_at_least_one_range_of_a_full_message() -> None:
    """[5.4] Else the same would be asked for ever."""
    responder = Responder(Records(STORE), limit_bytes=MESSAGE_BYTES_MIN)
    (first, rest) = decode(responder.hear(message(Range(START, INFINITY))))
    assert first.lower == START
    assert len(first.ids) > 100
    assert (rest.lower, rest.upper) == (first.upper, INFINITY)
    many = message(
        *[
            Range(START, position(HOUR + 300, bytes(32)), WRONG),
            Range(position(HOUR + 300, bytes(32)), INFINITY),
        ]
    )
    answer = list(decode(responder.hear(many)))
    assert answer[15].upper == position(HOUR + 300, bytes(32))
    assert answer[-1].fingerprint is not None
    assert answer[-2].ids


def test_what_had_no_room_leaves_no_trace() -> None:
    early, late = position(HOUR + 1, bytes(32)), position(HOUR + 9, bytes(32))
    one, two = Range(START, early, WRONG), Range(early, late, WRONG)
    writer = Writer()
    assert writer.say_within([one], 40)
    assert not writer.say_within([two], 40)
    rest = Range(position(HOUR + 5, bytes(32)), INFINITY, WRONG)
    writer.say(rest)
    assert list(decode(writer.message())) == [one, rest]


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_are_an_answer_or_a_peer_error(data: bytes, count: int) -> None:
    records = Records(STORE[:count])
    for told in (data, b"\x61" + data):
        initiator = Initiator(records)
        initiator.begin()
        with contextlib.suppress(PeerError):
            assert list(initiator.hear(told))
        with contextlib.suppress(PeerError):
            assert len(Responder(records, limit_bytes=MESSAGE_BYTES_MIN).hear(told)) <= MESSAGE_BYTES_MIN


def test_m2_a_responder_says_nothing_of_ids_that_it_was_not_asked_for() -> None:
    """What is in no range of the question is in no answer."""
    records = Records(STORE)
    lower, upper = position(HOUR + 100, bytes(32)), position(HOUR + 110, bytes(32))
    for question in (Range(lower, upper, WRONG), Range(lower, upper)):
        answer = list(decode(Responder(records).hear(message(question))))
        assert all(lower <= range.lower <= range.upper <= upper for range in answer)
    hours = {id: hour for hour, id in STORE}
    assert {hours[id] for id in answer[0].ids} == set(range(HOUR + 100, HOUR + 110))
    assert len(answer[0].ids) == sum(HOUR + 100 <= hour < HOUR + 110 for hour, _ in STORE)


def test_the_limits_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "spec" / "reconciliation.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| ([37]\.\d) \| .* \| ([\d,]+)(?: bytes)? \|$", page, re.MULTILINE))
    values = [MESSAGE_BYTES_MAX, limits.ROUNDS_MAX, limits.RANGES_MAX, limits.IDS_MAX, OPEN_MAX]
    assert told == dict(
        zip(("3.2", "7.1", "7.2", "7.3", "7.4"), (f"{value:,}" for value in values), strict=True)
    )
    assert MESSAGE_BYTES_MAX + len(cbor.encode({0: 255, 1: bytes(300)})) - 300 < CONTROL_BODY_MAX
