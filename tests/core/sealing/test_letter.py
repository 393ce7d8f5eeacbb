"""Letters in parts, in bounds, and in one order on both sides."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.bundles.header import HOUR_MAX
from satchel.core.bundles.lifetime import SPREAD_H
from satchel.core.identity.clocks import TIME_MAX_S
from satchel.core.sealing.letter import (
    ATTACHMENTS_MAX,
    LETTER_BYTES_MAX,
    ORDER_MAX,
    TEXT_BYTES_MAX,
    Attachment,
    Letter,
    LetterId,
    UnreadableError,
    decode_letter,
    encode_letter,
    next_order,
    sort_key,
)
from satchel.core.sealing.parts import (
    LATE_H,
    PARTS_MAX,
    PIECE_BYTES,
    UNFINISHED_BYTES_MAX,
    UNFINISHED_MAX,
    Gathering,
    Part,
    Taken,
    decode_part,
    encode_part,
    join,
    part_count,
    split,
)
from satchel.core.sealing.seal import CONTENT_BYTES_MAX
from satchel.core.wire import cbor
from satchel.core.wire.paths import refusal
from satchel.errors import MisuseError

ID = LetterId(b"i" * 16)
IDS = st.builds(LetterId, st.binary(min_size=16, max_size=16))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: refusal((name,)) is None)
LETTERS = st.builds(
    Letter,
    order=st.integers(1, ORDER_MAX),
    text=TEXTS,
    written_s=st.none() | st.integers(0, TIME_MAX_S),
    reply_to=st.none() | IDS,
    expiry_hour=st.none() | st.integers(0, HOUR_MAX),
    attachments=st.lists(st.builds(Attachment, name=NAMES, content=st.binary(max_size=50)), max_size=3).map(
        tuple
    ),
).filter(lambda letter: bool(letter.text or letter.attachments))


@given(LETTERS)
def test_a_letter_comes_back_as_it_was(letter: Letter) -> None:
    assert decode_letter(encode_letter(letter)) == letter


@given(st.binary(max_size=80))
def test_any_bytes_are_a_letter_or_unreadable(body: bytes) -> None:
    try:
        letter = decode_letter(body)
    except UnreadableError:
        return
    assert encode_letter(letter) == body


VALUES = st.one_of(
    st.integers(-2, TIME_MAX_S + 2), st.booleans(), st.none(), st.binary(max_size=17), st.text(max_size=5)
)
MAPS = st.dictionaries(st.integers(0, 6), VALUES | st.lists(VALUES, max_size=2))


@given(MAPS)
def test_any_map_is_a_letter_or_unreadable_and_any_a_part(fields: dict[int, cbor.Value]) -> None:
    try:
        letter = decode_letter(body := cbor.encode(fields))
    except UnreadableError:
        pass
    else:
        assert encode_letter(letter) == body
    try:
        part = decode_part(body := cbor.encode(fields | {0: 1}))
    except UnreadableError:
        return
    assert encode_part(part) == body


@pytest.mark.parametrize(
    "letter",
    [
        Letter(order=1, text=""),
        Letter(order=1, text="a" * (TEXT_BYTES_MAX + 1)),
        Letter(order=1, text="", attachments=(Attachment(name=b"a", content=bytes(LETTER_BYTES_MAX)),)),
        Letter(order=1, text="", attachments=(Attachment(name=b"a", content=b""),) * (ATTACHMENTS_MAX + 1)),
        Letter(order=1, text="x", attachments=(Attachment(name=b"../x", content=b""),)),
    ],
    ids=["empty", "long text", "above 8 MiB", "many files", "a path"],
)
def test_what_cannot_be_sent_is_said_with_what_is_safe_and_what_to_do(letter: Letter) -> None:
    with pytest.raises(MisuseError) as raised:
        encode_letter(letter)
    assert raised.value.safe
    assert raised.value.do


def test_a_letter_of_8_MiB_and_not_a_byte_more() -> None:
    def filled(count: int) -> Letter:
        return Letter(order=1, text="", attachments=(Attachment(name=b"a", content=bytes(count)),))

    head = len(encode_letter(filled(1 << 20))) - (1 << 20)
    assert len(encode_letter(filled(LETTER_BYTES_MAX - head))) == LETTER_BYTES_MAX
    with pytest.raises(MisuseError):
        encode_letter(filled(LETTER_BYTES_MAX - head + 1))
    with pytest.raises(UnreadableError, match=r"^letter 3\.1"):
        decode_letter(bytes(LETTER_BYTES_MAX + 1))


# --- parts --------------------------------------------------------------------------------------------


def test_a_full_part_fills_a_bundle_to_the_byte() -> None:
    parts = split(ID, bytes(LETTER_BYTES_MAX))
    assert len(parts) == PARTS_MAX == 9
    assert {len(encode_part(part)) for part in parts[:-1]} == {CONTENT_BYTES_MAX}


@given(st.integers(1, LETTER_BYTES_MAX), st.randoms(use_true_random=False), st.data())
def test_parts_are_joined_in_any_order_each_once(
    size: int, chance: random.Random, data: st.DataObject
) -> None:
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    parts = split(ID, body)
    arriving = parts + data.draw(st.lists(st.sampled_from(parts), max_size=4))
    chance.shuffle(arriving)
    gathering, pieces, whole = Gathering(), dict[int, bytes](), 0
    for part in arriving:
        part = decode_part(encode_part(part))
        taken, gathering = gathering.take(part, expiry_hour=5, is_here=whole > 0)
        assert (taken is Taken.AGAIN) == (part.index in pieces)
        pieces.setdefault(part.index, part.piece)
        if taken is Taken.WHOLE:
            whole += 1
            assert join([pieces[index] for index in range(part_count(size))], size) == body
    assert whole == 1
    assert not gathering.letters


def begun(number: int, size: int = LETTER_BYTES_MAX) -> Part:
    letter_id = LetterId(number.to_bytes(16, "big"))
    return Part(letter_id=letter_id, size_bytes=size, index=0, piece=bytes(min(size, PIECE_BYTES)))


def test_m3_a_contact_begins_no_more_letters_than_there_is_room_for_and_loses_none() -> None:
    """What finds no room is not opened, so it comes later; what was begun or is whole at once does."""
    gathering, number = Gathering(), 0
    while (taken := gathering.take(begun(number), expiry_hour=5, is_here=False))[0] is Taken.ONE_MORE:
        gathering, number = taken[1], number + 1
    assert number == UNFINISHED_BYTES_MAX // LETTER_BYTES_MAX
    assert taken == (Taken.NO_ROOM, gathering)
    assert gathering.take(begun(99, size=9), expiry_hour=5, is_here=False) == (Taken.WHOLE, gathering)
    for index in range(1, PARTS_MAX):
        part = replace(split(ID, bytes(LETTER_BYTES_MAX))[index], letter_id=begun(0).letter_id)
        what, gathering = gathering.take(part, expiry_hour=5, is_here=False)
    assert what is Taken.WHOLE
    assert gathering.take(begun(number), expiry_hour=5, is_here=False)[0] is Taken.ONE_MORE


def test_m3_nor_does_it_begin_many_small_ones() -> None:
    gathering, size = Gathering(), PIECE_BYTES + 1
    for number in range(UNFINISHED_MAX):
        taken, gathering = gathering.take(begun(number, size), expiry_hour=5, is_here=False)
        assert taken is Taken.ONE_MORE
    assert gathering.take(begun(99, size), expiry_hour=5, is_here=False)[0] is Taken.NO_ROOM


def test_what_is_here_already_is_passed_over() -> None:
    assert Gathering().take(begun(1), expiry_hour=5, is_here=True) == (Taken.AGAIN, Gathering())


def test_two_sizes_of_one_letter_are_refused() -> None:
    _, gathering = Gathering().take(begun(1), expiry_hour=5, is_here=False)
    other = replace(begun(1, LETTER_BYTES_MAX - 1), index=1)
    with pytest.raises(UnreadableError, match=r"^letter 2\.4"):
        gathering.take(other, expiry_hour=5, is_here=False)


def test_what_cannot_become_whole_any_more_is_let_go_of_and_not_before() -> None:
    _, gathering = Gathering().take(begun(1), expiry_hour=100, is_here=False)
    _, gathering = gathering.take(replace(begun(1), index=1), expiry_hour=90, is_here=False)
    assert gathering.settle(100 + LATE_H) == (frozenset(), gathering)
    assert gathering.settle(100 + LATE_H + 1) == (frozenset({begun(1).letter_id}), Gathering())
    assert LATE_H >= SPREAD_H + 48


def test_pieces_that_are_not_all_are_not_joined() -> None:
    parts = split(ID, bytes(PIECE_BYTES + 5))
    for pieces in ([parts[0].piece], [parts[1].piece], [p.piece for p in parts] * 2, []):
        with pytest.raises(MisuseError):
            join(pieces, PIECE_BYTES + 5)
    for letter_id, body in ((LetterId(b"short"), b"x"), (ID, b""), (ID, bytes(LETTER_BYTES_MAX + 1))):
        with pytest.raises(MisuseError):
            split(letter_id, body)


# --- order --------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32))
def test_both_sides_show_one_order_and_an_answer_stands_behind_what_was_read(seed: int) -> None:
    chance = random.Random(seed)
    sides: list[dict[LetterId, int]] = [{}, {}]
    under_way: list[tuple[int, LetterId, int]] = []
    read_before: list[tuple[LetterId, set[LetterId]]] = []
    for _ in range(40):
        who = chance.randrange(2)
        if chance.random() < 0.6:
            letter_id, order = LetterId(chance.randbytes(16)), next_order(max(sides[who].values(), default=0))
            read_before.append((letter_id, set(sides[who])))
            sides[who][letter_id] = order
            under_way.append((1 - who, letter_id, order))
        elif under_way:
            to, letter_id, order = under_way.pop(chance.randrange(len(under_way)))
            sides[to][letter_id] = order
    for to, letter_id, order in under_way:
        sides[to][letter_id] = order
    first, second = (sorted(side, key=lambda one, side=side: sort_key(side[one], one)) for side in sides)  # type: ignore[misc]
    assert first == second
    places = {letter_id: place for place, letter_id in enumerate(first)}
    assert all(places[earlier] < places[one] for one, before in read_before for earlier in before)


def test_m1_an_order_at_the_end_of_all_numbers_stops_nobody_from_writing() -> None:
    assert next_order(0) == 1
    assert next_order(ORDER_MAX) == ORDER_MAX
    assert encode_letter(Letter(order=next_order(ORDER_MAX), text="x"))


def test_w3_no_word_of_a_letter_is_in_a_log() -> None:
    letter = Letter(order=1, text="SECRET", attachments=(Attachment(name=b"SECRET", content=b"SECRET"),))
    assert "SECRET" not in repr(letter)
    assert "SECRET" not in repr(split(ID, b"SECRET"))
