"""The host: never confirms first, counts every answer, stops at sixteen."""

import pytest

from core.pairing.exchange_kit import (
    ADDRESS,
    CODE,
    OTHER_ADDRESS,
    PORT,
    WRONG_CODE,
    Guesser,
    answer,
    call,
    drawn,
    hear,
)
from satchel.core.crypto import cpace
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.exchange import ANYWHERE, TYPIST_FILL_BYTES, is_for, typist_flight
from satchel.core.pairing.host import (
    CONFIRM_WITHIN_S,
    GUESSES_MAX,
    PAUSE_AFTER_WRONG_S,
    Closed,
    Drain,
    GuessCounted,
    Host,
    Matched,
    State,
    WakeAt,
)
from satchel.core.pairing.typist import Typist
from satchel.errors import MisuseError, PeerError


def test_the_right_code_matches_and_both_have_one_psk() -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    effects = hear(host, attempt.flight, 0.0)
    assert [type(effect).__name__ for effect in effects] == ["GuessCounted", "Answer", "WakeAt"]
    assert effects[0] == GuessCounted(number=1, of=GUESSES_MAX)
    confirm = attempt.hear_answer(answer(effects))
    [matched] = host.hear_confirmation(confirm.confirmation, 1.0)
    assert isinstance(matched, Matched)
    assert matched.psk == confirm.psk
    assert matched.confirmation != confirm.confirmation
    assert attempt.hear_confirmation(matched.confirmation)


def test_p2_the_host_never_confirms_before_the_typist() -> None:
    """P2, grinding: what leaves before a right confirmation is a share and chance, nothing that could
    tell a right code from a wrong one."""
    host, attempt = Host(CODE), call(Typist(CODE))
    effects = hear(host, attempt.flight, 0.0)
    sent = answer(effects)
    assert sent[32:] == drawn("host  0.0", 224)  # fill as passed in, nothing of ours
    assert not any(isinstance(effect, Matched) for effect in effects)
    assert host.wake(CONFIRM_WITHIN_S)[0] == Drain()
    wrong = Host(WRONG_CODE)  # one word apart: same chance, and nothing but the share differs
    assert answer(hear(wrong, attempt.flight, 0.0))[32:] == sent[32:]


@pytest.mark.parametrize("hang_up", [False, True])
def test_p2_sixteen_answers_and_no_more_finished_or_not(hang_up: bool) -> None:
    """P2: an attacker who disconnects after receiving the share has had his guess."""
    guesser = Guesser(Host(CODE))
    for number in range(1, GUESSES_MAX + 1):
        assert guesser.guess(hang_up=hang_up)
        assert GuessCounted(number=number, of=GUESSES_MAX) in guesser.effects
        assert (Closed() in guesser.effects) is (number == GUESSES_MAX)
    assert guesser.host.state is State.CLOSED
    assert guesser.guess(CODE) is None  # the right code opens nothing any more
    assert guesser.effects == [Drain()]
    assert guesser.answered == GUESSES_MAX


def test_the_sixteenth_guess_may_be_the_right_one() -> None:
    guesser = Guesser(Host(CODE))
    for _ in range(GUESSES_MAX - 1):
        guesser.guess()
    assert guesser.guess(CODE)
    assert guesser.matched


def test_p2_a_guess_without_a_confirmation_is_a_wrong_one_after_ten_seconds() -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    effects = hear(host, attempt.flight, 100.0)
    assert effects[-1] == WakeAt(at_s=110.0)
    confirm = attempt.hear_answer(answer(effects))
    assert host.wake(109.9) == [WakeAt(at_s=110.0)]
    assert host.wake(110.0) == [Drain()]
    assert host.hear_confirmation(confirm.confirmation, 110.1) == [Drain()]


def test_a_confirmation_that_comes_too_late_is_wrong_even_before_the_wake() -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    confirm = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0)))
    assert host.hear_confirmation(confirm.confirmation, CONFIRM_WITHIN_S) == [Drain()]


def test_p3_one_guess_at_a_time_and_the_others_are_not_counted() -> None:
    """P2, P3: parallel connections buy no parallel guesses, and do not use up the code."""
    host, first = Host(CODE), call(Typist(CODE), "first")
    effects = hear(host, first.flight, 0.0)
    for other in range(100):
        assert hear(host, call(Typist(WRONG_CODE), f"other {other % 5}").flight, 1.0) == [Drain()]
    confirm = first.hear_answer(answer(effects))
    assert isinstance(host.hear_confirmation(confirm.confirmation, 2.0)[0], Matched)
    host.reopen()
    assert hear(host, call(Typist(CODE), "again").flight, 3.0)[0] == GuessCounted(number=2, of=GUESSES_MAX)


def test_nobody_is_answered_for_two_seconds_after_a_wrong_guess() -> None:
    host = Host(CODE)
    hear(host, call(Typist(WRONG_CODE)).flight, 0.0)
    assert host.hear_confirmation(bytes(32), 1.0) == [Drain()]
    attempt = call(Typist(CODE), "next")
    assert hear(host, attempt.flight, 1.0 + PAUSE_AFTER_WRONG_S - 0.01) == [Drain()]
    effects = hear(host, attempt.flight, 1.0 + PAUSE_AFTER_WRONG_S)
    assert effects[0] == GuessCounted(number=2, of=GUESSES_MAX)


@pytest.mark.parametrize("end", [(OTHER_ADDRESS, PORT), (ADDRESS, PORT + 1), (bytes(16), PORT), (ADDRESS, 0)])
def test_p1_a_flight_made_for_another_end_gets_not_one_byte(end: tuple[bytes, int]) -> None:
    """P1, P2: replaying or relaying a recorded flight to another device is refused by the bound address."""
    host = Host(CODE)
    address, port = end
    assert hear(host, call(Typist(CODE), address=address, port=port).flight, 0.0) == [Drain()]
    assert host.state is State.OPEN


def test_a_typed_address_may_go_through_a_port_forwarding() -> None:
    address, port = ANYWHERE
    effects = hear(Host(CODE), call(Typist(CODE), address=address, port=port).flight, 0.0)
    assert answer(effects)


def test_p1_who_has_not_heard_the_channel_gets_not_one_byte_and_costs_no_guess() -> None:
    host = Host(CODE)
    for stranger in range(50):
        assert hear(host, drawn(f"stranger {stranger}", 256), 0.0) == [Drain()]
    assert hear(host, call(Typist(SpokenCode(483, CODE.words))).flight, 0.0) == [Drain()]
    assert hear(host, call(Typist(CODE)).flight, 0.0)[0] == GuessCounted(number=1, of=GUESSES_MAX)


@pytest.mark.parametrize("bit", [0, 8 * 31, 8 * 32, 8 * 47 + 7])
def test_p1_a_flipped_bit_in_share_or_proof_is_a_stranger(bit: int) -> None:
    flight = bytearray(call(Typist(CODE)).flight)
    flight[bit // 8] ^= 1 << bit % 8
    assert hear(Host(CODE), bytes(flight), 0.0) == [Drain()]


@pytest.mark.parametrize("byte", [48, 100, 255])
def test_p2_a_flipped_bit_in_the_filling_is_a_wrong_guess(byte: int) -> None:
    """The whole flight is in the transcript: what was said must be what was heard."""
    host, attempt = Host(CODE), call(Typist(CODE))
    flight = bytearray(attempt.flight)
    flight[byte] ^= 1
    confirm = attempt.hear_answer(answer(hear(host, bytes(flight), 0.0)))
    assert host.hear_confirmation(confirm.confirmation, 1.0) == [Drain()]


@pytest.mark.parametrize("length", [0, 31, 255, 257])
def test_a_flight_of_another_length_is_not_a_flight(length: int) -> None:
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 5\.3:"):
        is_for(CODE, bytes(length), address=ADDRESS, port=PORT)


@pytest.mark.parametrize("length", [0, 255, 257])
def test_a_host_drains_a_flight_of_another_length(length: int) -> None:
    assert hear(Host(CODE), bytes(length), 0.0) == [Drain()]


def test_p2_a_share_that_was_heard_before_is_refused() -> None:
    """P2, replay: a recorded flight does not get another answer, and does not use up the code."""
    host, attempt = Host(CODE), call(Typist(CODE))
    hear(host, attempt.flight, 0.0)
    host.lose(0.0)
    assert hear(host, attempt.flight, 10.0) == [Drain()]
    fill = drawn("other filling", TYPIST_FILL_BYTES)
    same_share = typist_flight(CODE, share=attempt.flight[:32], address=ADDRESS, port=PORT, fill=fill)
    assert hear(host, same_share, 10.0) == [Drain()]
    assert hear(host, call(Typist(CODE), "next").flight, 10.0)[0] == GuessCounted(number=2, of=GUESSES_MAX)


LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    (2**255 - 20).to_bytes(32, "little"),  # p - 1
    (2**255 - 19).to_bytes(32, "little"),  # p = 0
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
]


@pytest.mark.parametrize("share", LOW_ORDER)
def test_p2_a_share_of_low_order_gets_no_answer(share: bytes) -> None:
    """Everybody would know the key that comes of it, whatever the code."""
    host = Host(CODE)
    fill = bytes(TYPIST_FILL_BYTES)
    flight = typist_flight(CODE, share=share, address=ADDRESS, port=PORT, fill=fill)
    assert hear(host, flight, 0.0) == [Drain()]
    assert host.state is State.OPEN


def test_p2_an_answer_reflected_as_a_flight_or_a_confirmation_does_not_match() -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    sent = answer(hear(host, attempt.flight, 0.0))
    host.lose(0.0)
    assert hear(host, sent, 5.0) == [Drain()]
    fill = bytes(TYPIST_FILL_BYTES)
    host_share_as_typist = typist_flight(CODE, share=sent[:32], address=ADDRESS, port=PORT, fill=fill)
    effects = hear(host, host_share_as_typist, 5.0)
    assert host.hear_confirmation(answer(effects)[:32], 5.0) == [Drain()]


@pytest.mark.parametrize("change", ["truncated", "extended", "flipped", "empty", "other guess"])
def test_p2_any_other_confirmation_is_wrong(change: str) -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    right = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0))).confirmation
    other = call(Typist(CODE), "other").hear_answer(call(Typist(CODE), "third").flight).confirmation
    wrong = {
        "truncated": right[:-1],
        "extended": right + b"\0",
        "flipped": right[:-1] + bytes((right[-1] ^ 0x80,)),
        "empty": b"",
        "other guess": other,
    }
    assert host.hear_confirmation(wrong[change], 1.0) == [Drain()]
    assert host.hear_confirmation(right, 1.0) == [Drain()]  # one guess, one confirmation


def test_a_confirmation_out_of_turn_gets_nothing() -> None:
    host = Host(CODE)
    assert host.hear_confirmation(bytes(32), 0.0) == [Drain()]
    assert host.lose(0.0) == []
    assert host.wake(0.0) == []
    assert host.state is State.OPEN


def test_p2_reopening_after_a_break_goes_on_counting() -> None:
    """Otherwise each break would buy sixteen more guesses."""
    guesser = Guesser(Host(CODE))
    for number in range(1, GUESSES_MAX):
        guesser.guess(CODE)
        assert guesser.matched
        assert guesser.host.reopen() == []
        assert guesser.host.state is State.OPEN, number
    guesser.guess(CODE)
    assert guesser.host.reopen() == [Closed()]
    assert guesser.guess(CODE) is None


# --- a code for several --------------------------------------------------------------------------


def test_several_may_use_one_code_and_each_has_a_psk_of_his_own() -> None:
    guesser = Guesser(Host(CODE))
    psks: set[bytes] = set()
    for _ in range(2 * GUESSES_MAX):
        assert guesser.guess(CODE)
        psks.update(effect.psk for effect in guesser.effects if isinstance(effect, Matched))
        guesser.host.let_the_next_in()
        assert guesser.host.state is State.OPEN
    assert len(psks) == 2 * GUESSES_MAX


def test_who_matched_costs_no_guess_and_a_wrong_one_does() -> None:
    """P2: the words are worth as many guesses as they would be for one receiver, however many matched."""
    guesser = Guesser(Host(CODE))
    for wrong in range(GUESSES_MAX):
        assert guesser.guess(CODE)
        assert guesser.matched
        assert GuessCounted(number=wrong + 1, of=GUESSES_MAX) in guesser.effects
        guesser.host.let_the_next_in()
        assert guesser.guess()
        assert GuessCounted(number=wrong + 1, of=GUESSES_MAX) in guesser.effects
        assert (Closed() in guesser.effects) is (wrong == GUESSES_MAX - 1)
    assert guesser.host.state is State.CLOSED
    assert guesser.guess(CODE) is None


def test_the_next_comes_in_at_once_even_after_the_last_guess_that_is_left() -> None:
    guesser = Guesser(Host(CODE))
    for _ in range(GUESSES_MAX - 1):
        guesser.guess()
    for _ in range(3):
        assert guesser.guess(CODE)
        assert guesser.matched
        guesser.host.let_the_next_in()
    guesser.guess()
    assert Closed() in guesser.effects


def test_the_next_may_not_come_with_the_flight_of_the_one_before() -> None:
    """P2: a replay would be answered with another share, for a confirmation that was seen already."""
    host, attempt = Host(CODE), call(Typist(CODE))
    confirm = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0)))
    host.hear_confirmation(confirm.confirmation, 0.0)
    host.let_the_next_in()
    assert hear(host, attempt.flight, 1.0) == [Drain()]
    assert host.hear_confirmation(confirm.confirmation, 1.0) == [Drain()]


def test_only_who_has_matched_lets_the_next_in() -> None:
    """P2: otherwise each call would take back a guess."""
    host = Host(CODE)
    with pytest.raises(MisuseError):
        host.let_the_next_in()
    guesser = Guesser(host)
    guesser.guess()
    with pytest.raises(MisuseError):
        host.let_the_next_in()
    assert answer(hear(host, call(Typist(CODE)).flight, 10.0))
    with pytest.raises(MisuseError):
        host.let_the_next_in()
    host.lose(10.0)
    for _ in range(GUESSES_MAX - 2):
        guesser.now_s += 20
        guesser.guess()
    assert Closed() in guesser.effects
    with pytest.raises(MisuseError):
        host.let_the_next_in()


def test_only_a_matched_code_is_opened_again() -> None:
    with pytest.raises(MisuseError):
        Host(CODE).reopen()


def test_a_matched_host_answers_nobody_else() -> None:
    guesser = Guesser(Host(CODE))
    guesser.guess(CODE)
    assert guesser.guess(CODE) is None
    assert guesser.effects == [Drain()]


def test_nothing_secret_shows_in_the_effects() -> None:
    guesser = Guesser(Host(CODE))
    confirm = guesser.guess(CODE)
    assert confirm is not None
    [matched] = [effect for effect in guesser.effects if isinstance(effect, Matched)]
    assert repr(matched) == "Matched()"
    assert repr(confirm) == "Confirm()"


def test_each_answer_has_a_share_of_its_own() -> None:
    """A scalar is used once: two answers under one share could be combined."""
    generator = cpace.generator(CODE.password(), channel=CODE.channel_identifier(), session=b"")
    host = Host(CODE)
    shares = []
    for number in range(3):
        now_s = 10.0 * number
        shares.append(answer(hear(host, call(Typist(CODE), str(number)).flight, now_s))[:32])
        assert shares[-1] == cpace.share(generator, drawn(f"host  {now_s} scalar", 32))
        host.lose(now_s)
    assert len(set(shares)) == 3
