"""Who sits between two people, and who was faster: what stops it (P2, P3)."""

import pytest

from core.pairing.exchange_kit import ADDRESS, CODE, PORT, WRONG_CODE, answer, call, drawn, hear
from core.pairing.pair_kit import (
    HOST_CARD,
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
from core.pairing.pair_liars import LyingHost, LyingTaker, meet_liar
from satchel.core.crypto.kdf import derive
from satchel.core.pairing.agreement import (
    FRAME_BYTES,
    Transcript,
    Use,
    Way,
    host_keys_key,
    seal,
    unseal,
)
from satchel.core.pairing.card import TAKERS_MAX
from satchel.core.pairing.effects import Paired, Send, Taken, TakenAgain
from satchel.core.pairing.host import Host
from satchel.core.pairing.hosting import CONFIRMATIONS_MAX, State, host_code
from satchel.core.pairing.keys import (
    nonce_commitment,
)
from satchel.core.pairing.picture import FILL_BYTES, Picture
from satchel.core.pairing.picture_host import EXCHANGES_MAX, Begun, Refuse
from satchel.core.pairing.taking import TRIES_MAX, PictureTaker, take_code
from satchel.core.pairing.taking import State as TakerState
from satchel.core.pairing.typist import Typist
from satchel.errors import AccessDenied, MisuseError, PeerError

# --- between two people --------------------------------------------------------------------------


def test_p2_who_only_saw_the_screen_cannot_be_the_host() -> None:
    """P2: the picture says whose keys are right. Not one byte of the taker's keys leaves."""
    there = shown()
    taking = scan(there.picture)
    seen = Picture.parse(there.picture.text())
    false = PictureTakersPlace(seen)
    with pytest.raises(PeerError, match=r"^pairing 4\.3:"):
        taking.hear(false.answer(taking.first_bytes))
    assert taking.state is TakerState.FAILED
    with pytest.raises(MisuseError):
        taking.encapsulated(bytes(32), bytes(1088))


class PictureTakersPlace:
    """Somebody on the way, with everything that the screen shows, and keys of their own."""

    def __init__(self, seen: Picture) -> None:
        self.seen = seen
        self.keys = host_keys("who sits between")

    def answer(self, flight: bytes) -> bytes:
        transcript = Transcript(Way.QR, self.seen.commitment, flight)
        key = host_keys_key(self.seen.secret, transcript.hash)
        return seal(key, transcript, self.keys.public + nonce_commitment(bytes(32)))


def test_p2_who_sits_between_with_a_picture_of_his_own_is_found_by_the_words() -> None:
    """P2, one camera: a false picture on the table. Both pairings go through, and the words differ."""
    host, false = shown(), shown("false")
    fooled = scan(false.picture, "honest taker")
    left = Talk(fooled, begun(come(false, fooled.first_bytes))).run()
    between = scan(host.picture, "who sits between")
    right = Talk(between, begun(come(host, between.first_bytes))).run()
    taker, there = paired(left.at_taker), paired(right.at_host)
    assert taker.comparison is not None
    assert there.comparison is not None
    assert taker.comparison.parts() != there.comparison.parts()
    assert not taker.pair.proof.is_verified
    assert not there.pair.proof.is_verified
    with pytest.raises(PeerError, match=r"^pairing 8\.2:"):
        right.hosting.hear_scan(fooled.scan_back)


def test_p2_who_grinds_cannot_since_nothing_can_be_chosen_after_something_was_seen() -> None:
    """P2, 2**39 keys in seconds: an attacker who sits between looks for keys whose words please.

    It would have to change its own share after it saw the words it has to meet. As a taker it has four
    things to choose: keys, nonce, ciphertext, card. The first two are refused when changed, and whichever
    ciphertext it sends, the words depend on a nonce that the host tells only in answer to it.
    """
    grinder, exchange = meet_liar()
    other = taker_keys("ground")
    for public in (other.public, grinder.public[:64] + bytes(32)):
        changed, there = meet_liar()
        with pytest.raises(PeerError, match=r"^pairing 4\.3:"):
            there.hear(changed.reveal(public) + bytes(FRAME_BYTES), 1.0)
    # It knows all that is in the secret now, and still not the words: two nonces, two sets of words.
    said = grinder.reveal() + grinder.confirm()
    assert exchange.state is State.ANSWERED
    key = grinder.agreement.take(Use.WORDS)
    words = {derive(key, b"satchel pair comparison 1", salt=nonce) for nonce in (bytes(32), b"\1" * 32)}
    assert len(words) == 2
    assert isinstance(exchange.hear(said, 1.0)[0], Send)
    with pytest.raises(PeerError, match=r"^pairing 4\.1:"):  # when the nonce is out, nothing is said anew
        exchange.hear(said, 1.0)


def test_p2_the_hosts_nonce_is_out_only_after_the_takers_last_choice() -> None:
    """P2, grinding as a taker: frame 1 commits to the nonce and does not tell it."""
    there = shown()
    taking = scan(there.picture)
    nonce = drawn("nonce ", 32)
    exchange = begun(come(there, taking.first_bytes))
    transcript = Transcript(Way.QR, there.picture.commitment, taking.first_bytes)
    key = host_keys_key(there.picture.secret, transcript.hash)
    assert nonce not in unseal(key, transcript, exchange.answer)
    assert nonce_commitment(nonce) in unseal(key, transcript, exchange.answer)


def test_p2_a_host_that_grinds_its_nonce_is_refused() -> None:
    """P2, grinding as a host: after the taker's keys are seen the nonce cannot be another."""
    liar = LyingHost()
    liar.agree(sent(taker_hears(liar.taking, liar.answer())))
    with pytest.raises(PeerError, match=r"^pairing 4\.3:"):
        liar.taking.hear(liar.confirm(nonce=bytes(32)))


def test_p2_words_appear_on_neither_side_before_both_confirmations_are_right() -> None:
    there = shown()
    taking = scan(there.picture)
    exchange = begun(come(there, taking.first_bytes))
    seen: list[object] = []
    said = sent(taker_hears(taking, exchange.answer))
    seen += exchange.hear(said, 1.0)
    seen += taking.hear(sent([effect for effect in seen if isinstance(effect, Send)]))
    assert [type(effect) for effect in seen] == [Send, Send]


def test_p2_a_picture_cannot_be_tried_until_the_words_please() -> None:
    """P2: each confirmation shows words to who is at the other end; sixteen sets in 2**42, and no more."""
    there = shown()
    for number in range(CONFIRMATIONS_MAX + 1):
        liar = LyingTaker(there.picture)  # always the same taker: a second one would be counted
        exchange = begun(come(there, liar.flight, str(number), now_s=number * 20.0))
        liar.read(exchange.answer)
        said = liar.reveal() + liar.confirm()
        if number < CONFIRMATIONS_MAX:
            exchange.hear(said, number * 20.0 + 1.0)
        else:
            with pytest.raises(PeerError, match=r"^pairing 4\.10:"):
                exchange.hear(said, number * 20.0 + 1.0)


def test_p2_nor_does_a_taker_try_a_picture_until_the_words_please() -> None:
    taker = PictureTaker(shown().picture, keys=taker_keys(), card=TAKER_CARD)
    for _ in range(TRIES_MAX):
        taker.call(address=ADDRESS, port=PORT, fill=bytes(FILL_BYTES))
    with pytest.raises(AccessDenied):
        taker.call(address=ADDRESS, port=PORT, fill=bytes(FILL_BYTES))


def test_p2_by_code_who_sits_between_has_another_key_and_nothing_opens() -> None:
    """P2: CPace leaves two sides with two keys unless both have the words."""
    false = Host(WRONG_CODE)
    attempt = call(Typist(CODE))
    confirm_ = attempt.hear_answer(answer(hear(false, attempt.flight, 0.0)))
    taking = take_code(confirm_.psk, keys=taker_keys(), card=TAKER_CARD)
    hosting = host_code(
        drawn("another psk", 32),
        keys=host_keys(),
        card=HOST_CARD,
        commitment=taking.first_bytes,
        nonce=bytes(32),
        now_s=0.0,
    )
    with pytest.raises(PeerError, match=r"^pairing 4\.2:"):
        taking.hear(hosting.answer)


def test_p2_a_picture_and_a_code_are_not_each_others() -> None:
    """P2, roles and ways: the same secret, and still nothing of one opens in the other."""
    taking, _ = by_code()
    with pytest.raises(PeerError, match=r"^pairing 4\.2:"):
        taking.hear(by_picture().frames[0])


# --- who is faster -------------------------------------------------------------------------------


def test_p2_a_second_taker_is_shown_on_both_screens() -> None:
    """P2: somebody photographed the screen and was faster. The host is told at once, the second one in the
    frame that it can believe, and nobody but the first is paired."""
    there = shown()
    thief = scan(there.picture, "thief")
    talk = Talk(thief, begun(come(there, thief.first_bytes))).run()
    assert paired(talk.at_host).takers == 1
    honest = scan(there.picture, "honest")
    effects = come(there, honest.first_bytes)
    assert effects[0] == TakenAgain(takers=2)
    late = Talk(honest, begun(effects)).run()
    assert late.at_taker[-1] == Taken(takers=2)
    assert late.nobody_paired
    assert honest.state is TakerState.TAKEN


def test_p2_a_first_taker_that_is_still_there_is_told_of_the_second() -> None:
    there = shown()
    first = scan(there.picture, "first")
    exchange = begun(come(there, first.first_bytes))
    confirmed = sent(exchange.hear(sent(taker_hears(first, exchange.answer)), 1.0))
    accepted = sent(first.hear(confirmed))
    assert come(there, scan(there.picture, "second").first_bytes)[0] == TakenAgain(takers=2)
    effects = exchange.hear(accepted, 1.0)
    assert paired(effects).takers == 2
    assert paired(first.hear(sent(exchange.stored()))).takers == 2


def test_p2_of_two_at_once_the_first_to_the_end_has_it() -> None:
    there = shown()
    slow, fast = scan(there.picture, "slow"), scan(there.picture, "fast")
    for_slow = begun(come(there, slow.first_bytes, "slow"))
    for_fast = begun(come(there, fast.first_bytes, "fast"))
    accepted = sent(slow.hear(sent(for_slow.hear(sent(taker_hears(slow, for_slow.answer)), 1.0))))
    assert fits(*Talk(fast, for_fast).run().pairs)
    effects = for_slow.hear(accepted, 1.0)
    assert not any(isinstance(effect, Paired) for effect in effects)
    assert for_slow.state is State.TAKEN
    assert slow.hear(sent(effects)) == [Taken(takers=2)]


def test_p3_takers_are_limited_and_the_first_still_gets_through() -> None:
    there = shown()
    first = scan(there.picture, "first")
    exchange = begun(come(there, first.first_bytes))
    answered = 0
    for number in range(40):
        now_s = 20.0 * (number // 4)
        effects = come(there, scan(there.picture, f"crowd {number}").first_bytes, now_s=now_s)
        answered += any(isinstance(effect, Begun) for effect in effects)
    assert answered == TAKERS_MAX - 1
    assert fits(*Talk(first, exchange).run().pairs)


def test_p3_exchanges_at_once_are_limited() -> None:
    there = shown()
    for number in range(EXCHANGES_MAX):
        assert begun(come(there, scan(there.picture, f"crowd {number}").first_bytes))
    assert come(there, scan(there.picture, "one more").first_bytes) == [Refuse()]
