"""Two honest sides: what they come to, by a picture and by a code, and what a broken radio does to it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pairing.exchange_kit import ADDRESS, CODE, OTHER_ADDRESS, PORT, answer, call, drawn, hear
from core.pairing.pair_kit import (
    HOST_CARD,
    PSK,
    TAKER_CARD,
    Talk,
    begun,
    by_code,
    by_picture,
    come,
    fits,
    host_keys,
    paired,
    scan,
    sent,
    shown,
    taker_hears,
    taker_keys,
)
from satchel.core.crypto.noise import Handshake, Pattern
from satchel.core.identity.comparison import Language
from satchel.core.identity.epochs import EPOCH_FIRST, EPOCHS_KEPT_BEHIND, Use
from satchel.core.identity.pair import Pair, Proof
from satchel.core.pairing.agreement import FRAME_BYTES
from satchel.core.pairing.card import Card
from satchel.core.pairing.effects import Paired, Verified
from satchel.core.pairing.host import Host, Matched
from satchel.core.pairing.hosting import EXCHANGE_S_MAX, State, host_code
from satchel.core.pairing.keys import HostKeys, TakerKeys
from satchel.core.pairing.picture_host import EXCHANGES_PER_TAKER_MAX, SHOWN_S_MAX, PictureHost, Refuse
from satchel.core.pairing.taking import State as TakerState
from satchel.core.pairing.taking import take_code
from satchel.core.pairing.typist import Typist
from satchel.errors import MisuseError, PeerError


def test_by_picture_both_have_one_pair_and_one_set_of_words() -> None:
    talk = by_picture()
    taker, host = paired(talk.at_taker), paired(talk.at_host)
    assert fits(taker.pair, host.pair)
    assert taker.pair.proof is Proof.UNVERIFIED
    assert (taker.name, host.name) == ("Amélie", "باران")
    assert (taker.takers, host.takers) == (1, 1)
    assert taker.comparison == host.comparison
    assert taker.comparison is not None
    assert taker.comparison.language is Language.FRENCH
    assert len(taker.comparison.parts()) == 7


def test_by_code_both_have_one_pair_that_needs_no_words() -> None:
    talk = Talk(*by_code()).run()
    taker, host = paired(talk.at_taker), paired(talk.at_host)
    assert fits(taker.pair, host.pair)
    assert taker.pair.proof is Proof.CODE
    assert taker.comparison is host.comparison is None
    with pytest.raises(MisuseError):
        _ = talk.taking.scan_back
    with pytest.raises(MisuseError):
        talk.hosting.hear_scan("SATCHEL:")


def test_by_code_from_the_first_word_on() -> None:
    """The machines of the code as they are, and these behind them."""
    host, attempt = Host(CODE), call(Typist(CODE))
    confirm = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0)))
    taking = take_code(confirm.psk, keys=taker_keys(), card=TAKER_CARD)
    said = confirm.confirmation + taking.first_bytes
    assert len(said) == 64
    [matched] = host.hear_confirmation(said[:32], 1.0)
    assert isinstance(matched, Matched)
    hosting = host_code(
        matched.psk, keys=host_keys(), card=HOST_CARD, commitment=said[32:], nonce=drawn("n", 32), now_s=1.0
    )
    assert attempt.hear_confirmation(matched.confirmation)
    talk = Talk(taking, hosting).run()
    assert fits(*talk.pairs)


def test_all_frames_have_one_size_and_names_do_not_show() -> None:
    """W2: a watcher sees 256 bytes and frames of one size, as many for all."""
    nameless = Card(day=None, language="zh")
    long = Card(day=27_000, language="en", name="𝄞" * 64)
    for talk in (by_picture(), by_picture(taker=nameless, host=nameless), by_picture(taker=long, host=long)):
        assert len(talk.taking.first_bytes) == 256
        assert [len(frame) for frame in talk.frames] == [FRAME_BYTES] * 6


def test_w2_no_key_and_no_name_is_on_the_wire_in_clear() -> None:
    talk = by_picture()
    wire = talk.taking.first_bytes + b"".join(talk.frames)
    taker, host = talk.pairs
    for secret in (taker.their_static, host.their_static, "Amélie".encode(), "باران".encode()):
        assert secret not in wire


def test_no_secret_is_shown_by_a_repr() -> None:
    there = shown()
    talk = by_picture()
    taker = paired(talk.at_taker)
    texts = [
        repr(one)
        for one in (taker, taker.pair, talk.taking, talk.hosting, there.picture, taker_keys(), host_keys())
    ]
    for text in texts:
        assert "\\x" not in text
        assert "b'" not in text


@pytest.mark.parametrize(
    ("taker", "host", "epoch"),
    [
        (20_800, 20_801, 20_801),
        (20_801, None, 20_801),
        (None, 20_801, 20_801),
        (None, None, EPOCH_FIRST),
        (0, 12, EPOCH_FIRST),
        (27_000, 20_801, 27_000),
    ],
)
def test_the_first_epoch_is_the_larger_plausible_day(taker: int | None, host: int | None, epoch: int) -> None:
    talk = by_picture(taker=replace(TAKER_CARD, day=taker), host=replace(HOST_CARD, day=host))
    for pair in talk.pairs:
        assert pair.epochs.agreed == epoch
        assert pair.epochs.speaking.epoch == epoch - EPOCHS_KEPT_BEHIND
    assert fits(*talk.pairs)


def test_people_who_read_different_languages_compare_numbers() -> None:
    for language in ("fa", "xx"):
        talk = by_picture(taker=replace(TAKER_CARD, language=language))
        taker, host = paired(talk.at_taker).comparison, paired(talk.at_host).comparison
        assert taker is not None
        assert taker == host
        assert [len(part) for part in taker.parts()] == [4, 4, 4]
        assert "".join(taker.parts()).isdecimal()


def test_two_pairings_have_nothing_in_common() -> None:
    """W1: no key that two contacts of one person see, and none that follows from another."""
    kept: set[bytes] = set()
    for number in range(3):
        there = shown(f"host {number}")
        taking = scan(there.picture, f"taker {number}")
        for pair in Talk(taking, begun(come(there, taking.first_bytes))).run().pairs:
            kept |= {pair.static, pair.their_static, pair.letters_speaking}
            kept |= {pair.epochs.speaking.secret}
    assert len(kept) == 3 * 2 * 4


def test_what_is_left_opens_a_session_and_nobody_elses_does() -> None:
    """The keys of a pair are those that Noise KK takes, in both directions."""
    taker, host = by_picture().pairs
    other, _ = Talk(*by_code()).run().pairs
    for caller, listener in ((taker, host), (host, taker)):
        there = handshake(listener, initiator=False)
        there.read(handshake(caller, initiator=True).write())
        with pytest.raises(PeerError):
            handshake(listener, initiator=False).read(handshake(other, initiator=True).write())


def handshake(pair: Pair, *, initiator: bool) -> Handshake:
    chain = pair.epochs.speaking if initiator else pair.epochs.listening
    return Handshake(
        Pattern.KKPSK0,
        initiator=initiator,
        prologue=b"",
        psk=chain.at(pair.epochs.agreed).key(Use.PSK),
        ephemeral=drawn(f"ephemeral {initiator}", 32),
        static=pair.static,
        remote_static=pair.their_static,
    )


# --- both scanned --------------------------------------------------------------------------------


def test_with_two_scans_both_are_verified() -> None:
    talk = by_picture()
    effects = talk.hosting.hear_scan(talk.taking.scan_back.lower() + " ")
    assert effects[0] == Verified(proof=Proof.BOTH_SCANNED)
    assert talk.taking.hear(sent(effects)) == [Verified(proof=Proof.BOTH_SCANNED)]
    for pair in talk.pairs:
        assert pair.verified(Proof.BOTH_SCANNED).proof.is_verified
    with pytest.raises(MisuseError):
        talk.hosting.hear_scan(talk.taking.scan_back)  # once
    with pytest.raises(MisuseError):
        talk.taking.hear(sent(effects))


def test_p2_the_screen_of_another_device_is_not_that_of_the_contact() -> None:
    """P2: who took the picture's place is found out by the camera, as by the words."""
    talk, other = by_picture(), by_picture()
    with pytest.raises(PeerError, match=r"^pairing 8\.2:") as caught:
        talk.hosting.hear_scan(other.taking.scan_back)
    assert "Forget" in caught.value.do
    talk.hosting.hear_scan(talk.taking.scan_back)


def test_only_the_host_can_say_that_it_scanned() -> None:
    talk = by_picture()
    with pytest.raises(PeerError, match=r"^pairing 4\.2:"):
        talk.taking.hear(bytes(FRAME_BYTES))


# --- broken radios -------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", range(1, 7))
def test_a_break_at_any_frame_leaves_no_taker_alone_and_the_next_try_goes_through(lost: int) -> None:
    """The taker never has a pair that the host has not; the same taker may come again, and counts once."""
    there = shown()
    first = scan(there.picture)
    exchange = begun(come(there, first.first_bytes))
    talk = Talk(first, exchange, lambda number, frame: [] if number >= lost else [frame]).run()
    assert not any(isinstance(effect, Paired) for effect in talk.at_taker)
    host_has_one = any(isinstance(effect, Paired) for effect in talk.at_host)
    assert host_has_one is (lost == 6)  # only its word that it has stored was lost
    again = scan(there.picture)
    effects = come(there, again.first_bytes, "again", now_s=2.0)
    assert [type(effect).__name__ for effect in effects] == ["Begun"]  # no second taker
    talk = Talk(again, begun(effects)).run()
    assert fits(*talk.pairs)
    assert paired(talk.at_host).takers == 1
    assert paired(talk.at_host).replaces is host_has_one


@pytest.mark.parametrize("repeated", range(1, 5))
def test_a_repeated_frame_ends_the_exchange_and_pairs_nobody_twice(repeated: int) -> None:
    """P2, replay: TCP repeats nothing, so who repeats is no honest peer."""
    there = shown()
    taking = scan(there.picture)
    talk = Talk(
        taking,
        begun(come(there, taking.first_bytes)),
        lambda number, frame: [frame] * (1 + (number == repeated)),
    )
    with pytest.raises((PeerError, MisuseError)):
        talk.run()
    assert not any(isinstance(effect, Paired) for effect in talk.at_taker)
    assert sum(isinstance(effect, Paired) for effect in talk.at_host) <= 1


@given(st.lists(st.sampled_from(["pass", "lose", "repeat", "swap bit"]), min_size=6, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_happens_to_frames_who_is_paired_fits(fates: list[str], data: st.DataObject) -> None:
    """P2: two honest sides end with two halves of one pair, or the taker with none."""

    def change(number: int, frame: bytes) -> list[bytes]:
        match fates[min(number, 6) - 1]:
            case "lose":
                return []
            case "repeat":
                return [frame, frame]
            case "swap bit":
                bit = data.draw(st.integers(0, 8 * len(frame) - 1))
                changed = bytearray(frame)
                changed[bit // 8] ^= 1 << bit % 8
                return [bytes(changed)]
            case _:
                return [frame]

    there = shown()
    taking = scan(there.picture)
    talk = Talk(taking, begun(come(there, taking.first_bytes)), change)
    try:
        talk.run()
    except (PeerError, MisuseError):
        assert fates != ["pass"] * 6
    takers = [effect for effect in talk.at_taker if isinstance(effect, Paired)]
    hosts = [effect for effect in talk.at_host if isinstance(effect, Paired)]
    assert len(takers) <= len(hosts) <= 1
    if takers:
        assert fits(takers[0].pair, hosts[0].pair)
        assert takers[0].comparison == hosts[0].comparison


def test_the_host_stores_before_it_says_so() -> None:
    """4.7: the taker believes in a pair only when the host's is on disk."""
    there = shown()
    taking = scan(there.picture)
    exchange = begun(come(there, taking.first_bytes))
    confirmed = exchange.hear(sent(taker_hears(taking, exchange.answer)), 1.0)
    effects = exchange.hear(sent(taking.hear(sent(confirmed))), 1.0)
    assert [type(effect).__name__ for effect in effects] == ["Paired"]
    assert exchange.state is State.STORING
    assert taking.state is TakerState.ACCEPTED
    assert taking.may_be_stored
    assert isinstance(taking.hear(sent(exchange.stored()))[0], Paired)
    assert not taking.may_be_stored
    with pytest.raises(MisuseError):
        exchange.stored()


def test_what_comes_too_late_is_refused() -> None:
    there = shown()
    taking = scan(there.picture)
    exchange = begun(come(there, taking.first_bytes))
    said = sent(taker_hears(taking, exchange.answer))
    with pytest.raises(PeerError, match=r"^pairing 4\.9:"):
        exchange.hear(said, EXCHANGE_S_MAX)


# --- the picture, while it is shown --------------------------------------------------------------


@pytest.mark.parametrize("end", [(OTHER_ADDRESS, PORT), (ADDRESS, PORT + 1), (bytes(16), PORT), (ADDRESS, 0)])
def test_p1_a_flight_made_for_another_end_gets_not_one_byte(end: tuple[bytes, int]) -> None:
    there = shown()
    flight = scan(there.picture).first_bytes
    heard = there.hear_flight(flight, address=end[0], port=end[1], nonce=bytes(32), now_s=0.0)
    assert heard == [Refuse()]


def test_a_typed_address_may_go_through_a_forwarding() -> None:
    there = shown()
    flight = there.picture.flight(bytes(32), address=bytes(16), port=0, fill=bytes(208))
    assert begun(come(there, flight))


def test_p1_who_has_not_seen_the_screen_gets_not_one_byte() -> None:
    there = shown()
    for stranger in range(20):
        assert come(there, drawn(f"stranger {stranger}", 256)) == [Refuse()]
    assert come(there, scan(shown("another").picture).first_bytes) == [Refuse()]
    assert come(there, bytes(255)) == [Refuse()]
    assert come(there, scan(there.picture).first_bytes[:-1]) == [Refuse()]


def test_a_picture_is_over_after_its_time_and_when_it_is_closed() -> None:
    there = shown()
    flight = scan(there.picture).first_bytes
    assert come(there, flight, now_s=SHOWN_S_MAX) == [Refuse()]
    assert begun(come(there, flight, now_s=1.0))
    there.close()
    assert come(there, flight, now_s=1.0) == [Refuse()]


def test_p3_a_recorded_flight_sent_again_holds_two_places_and_no_more() -> None:
    """P3: what is spent on who replays a flight is bounded, and ends; it is not a second taker."""
    there = shown()
    flight = scan(there.picture).first_bytes
    for number in range(20):
        effects = come(there, flight, now_s=1.0)
        assert (effects == [Refuse()]) is (number >= EXCHANGES_PER_TAKER_MAX)
    assert begun(come(there, flight, now_s=1.0 + EXCHANGE_S_MAX))


def test_wrong_lengths_are_our_mistake() -> None:
    for make in (HostKeys.from_random, TakerKeys.from_random):
        with pytest.raises(MisuseError):
            make(bytes(7))
    with pytest.raises(MisuseError):
        PictureHost(bytes(7), ends=((ADDRESS, PORT),), card=HOST_CARD, now_s=0.0)
    taking = take_code(PSK, keys=taker_keys(), card=TAKER_CARD)
    with pytest.raises(MisuseError):
        taking.encapsulated(bytes(32), bytes(1088))
