"""Frames that are reflected, replayed or made up: each is refused, and nothing is left (P2, W4, W5)."""

from collections.abc import Callable

import pytest

from core.pairing.pair_kit import (
    HOST_CARD,
    TAKER_CARD,
    Talk,
    begun,
    by_code,
    by_picture,
    come,
    host_keys,
    scan,
    sent,
    shown,
    taker_hears,
)
from core.pairing.pair_liars import LyingHost, LyingTaker, meet_liar
from core.pairing.test_host import LOW_ORDER
from satchel.core.crypto.kem import encapsulate, kem_public
from satchel.core.pairing import card as cards
from satchel.core.pairing.agreement import (
    FRAME_BYTES,
    Agreement,
    Transcript,
    Use,
    Way,
    host_keys_key,
    seal,
    unseal,
)
from satchel.core.pairing.card import HostCard
from satchel.core.pairing.effects import Encapsulate, Paired
from satchel.core.pairing.hosting import Hosting
from satchel.core.pairing.keys import (
    HostKeys,
    TakerKeys,
    taker_commitment,
)
from satchel.core.pairing.taking import State as TakerState
from satchel.core.pairing.taking import Taking
from satchel.errors import MisuseError, PeerError

# --- reflected, replayed, out of turn ------------------------------------------------------------


def test_p2_what_is_sent_back_to_its_sender_is_refused() -> None:
    """P2, reflection and confused roles: each side gets its own last frame instead of the other's."""
    for number, clause in ((4, "6"), (6, "2")):  # the taker's confirmation, and its word that all is right
        there = shown()
        taking = scan(there.picture)
        talk = Talk(taking, begun(come(there, taking.first_bytes)), replaced(number, number - 1))
        with pytest.raises(PeerError, match=rf"^pairing 4\.{clause}:"):
            talk.run()
        assert not any(isinstance(effect, Paired) for effect in talk.at_taker)
    for number, clause in ((2, "2"), (3, "6"), (5, "2")):  # the host's keys, and its confirmation
        there = shown()
        taking = scan(there.picture)
        talk = Talk(taking, begun(come(there, taking.first_bytes)), replaced(number, 4 if number == 5 else 1))
        with pytest.raises(PeerError, match=rf"^pairing 4\.{clause}:"):
            talk.run()
        assert talk.nobody_paired


def replaced(number: int, by: int) -> Callable[[int, bytes], list[bytes]]:
    """A change that puts frame `by` in the place of frame `number`."""
    seen: dict[int, bytes] = {}

    def change(at: int, frame: bytes) -> list[bytes]:
        seen[at] = frame
        return [seen[by] if at == number else frame]

    return change


def test_p2_keys_sent_back_inside_a_fresh_frame_are_refused() -> None:
    """P2, reflection by who saw the screen and can seal."""
    there = shown()
    honest = scan(there.picture)
    exchange = begun(come(there, honest.first_bytes))
    liar = LyingTaker(there.picture)
    transcript = Transcript(Way.QR, there.picture.commitment, honest.first_bytes)
    host_public = unseal(host_keys_key(there.picture.secret, transcript.hash), transcript, exchange.answer)
    liar.public = host_public[:64] + bytes(32)
    liar.commitment = taker_commitment(liar.public)
    exchange = begun(come(there, liar.flight, "liar"))
    liar.read(exchange.answer)
    with pytest.raises(PeerError, match=r"^pairing 4\.4:"):
        exchange.hear(liar.reveal(liar.public) + bytes(FRAME_BYTES), 1.0)


def test_p2_frames_of_another_exchange_are_refused() -> None:
    """P2, replay: a recording of one pairing is worth nothing in another with the same picture."""
    there = shown()
    first = scan(there.picture)
    recorded = Talk(first, begun(come(there, first.first_bytes))).run().frames
    exchange = begun(come(there, first.first_bytes, "again"))
    with pytest.raises(PeerError, match=r"^pairing 4\.2:"):
        exchange.hear(recorded[1] + recorded[2], 1.0)
    again = scan(there.picture)
    taker_hears(again, begun(come(there, again.first_bytes, "once more")).answer)
    with pytest.raises(PeerError, match=r"^pairing 4\.6:"):
        again.hear(recorded[3])


@pytest.mark.parametrize("length", [0, 1, FRAME_BYTES - 1, FRAME_BYTES + 1, 3 * FRAME_BYTES])
def test_frames_of_other_lengths_are_refused(length: int) -> None:
    there = shown()
    taking = scan(there.picture)
    exchange = begun(come(there, taking.first_bytes))
    with pytest.raises(PeerError, match=r"^pairing 4\.1:"):
        exchange.hear(bytes(length), 1.0)
    with pytest.raises(PeerError, match=r"^pairing 4\.1:"):
        taking.hear(bytes(length))
    with pytest.raises(MisuseError):
        taking.hear(exchange.answer)


# --- lying takers and hosts ----------------------------------------------------------------------


@pytest.mark.parametrize("bad", LOW_ORDER)
@pytest.mark.parametrize("place", [0, 32])
def test_p2_a_takers_key_of_low_order_is_refused(bad: bytes, place: int) -> None:
    """Everybody would know the secret, or the later sessions' share of it."""
    there = shown()
    liar = LyingTaker(there.picture)
    liar.public = liar.public[:place] + bad + liar.public[place + 32 :]
    liar.commitment = taker_commitment(liar.public)
    exchange = begun(come(there, liar.flight))
    liar.read(exchange.answer)
    with pytest.raises(PeerError, match=r"^pairing 4\.4:"):
        exchange.hear(liar.reveal(liar.public) + bytes(FRAME_BYTES), 1.0)


@pytest.mark.parametrize("bad", LOW_ORDER)
@pytest.mark.parametrize("place", [0, 32])
def test_p2_a_hosts_key_of_low_order_is_refused(bad: bytes, place: int) -> None:
    good = host_keys("lying host").public
    liar = LyingHost(good[:place] + bad + good[place + 32 :])
    with pytest.raises(PeerError, match=r"^pairing 4\.4:"):
        liar.taking.hear(liar.answer())


def test_p2_one_key_in_both_places_is_refused() -> None:
    good = host_keys("lying host").public
    liar = LyingHost(good[:32] * 2 + good[64:])
    with pytest.raises(PeerError, match=r"^pairing 4\.4:"):
        liar.taking.hear(liar.answer())


def test_w5_a_ciphertext_for_another_key_leaves_two_secrets() -> None:
    """ML-KEM rejects without a word; the confirmation does not."""
    liar, exchange = meet_liar()
    _, wrong = encapsulate(kem_public(bytes(64)))
    said = liar.reveal(ciphertext=wrong) + liar.confirm()
    with pytest.raises(PeerError, match=r"^pairing 4\.6:"):
        exchange.hear(said, 1.0)


def test_w5_a_kem_key_that_is_none_is_refused_by_the_port() -> None:
    good = host_keys("lying host").public
    liar = LyingHost(good[:64] + b"\xff" * 1184)
    [asked] = liar.taking.hear(liar.answer())
    assert isinstance(asked, Encapsulate)
    with pytest.raises(PeerError, match=r"^transport 2\.3:"):
        encapsulate(asked.public_key)


@pytest.mark.parametrize("flipped", [0, 31, 32, FRAME_BYTES - 1])
def test_p2_a_wrong_confirmation_is_believed_by_neither(flipped: int) -> None:
    liar, exchange = meet_liar()
    said = bytearray(liar.reveal() + liar.confirm())
    said[FRAME_BYTES + flipped] ^= 1
    with pytest.raises(PeerError, match=r"^pairing 4\.6:"):
        exchange.hear(bytes(said), 1.0)
    there = LyingHost()
    there.agree(sent(taker_hears(there.taking, there.answer())))
    frame = bytearray(there.confirm())
    frame[flipped] ^= 1
    with pytest.raises(PeerError, match=r"^pairing 4\.6:"):
        there.taking.hear(bytes(frame))


def test_padding_that_is_not_zero_is_refused() -> None:
    liar, exchange = meet_liar()
    said = liar.reveal(tail=b"\1") + liar.confirm()
    with pytest.raises(PeerError, match=r"^pairing 4\.2:"):
        exchange.hear(said, 1.0)


@pytest.mark.parametrize("card", [b"", b"\xff\xff", b"\0\1\xa0", cards.encode(TAKER_CARD) + b"\1"])
def test_a_card_that_is_none_pairs_nobody(card: bytes) -> None:
    liar, exchange = meet_liar()
    with pytest.raises(PeerError, match=r"^(pairing 5|encoding)"):
        exchange.hear(liar.reveal() + liar.confirm(card), 1.0)
    there = LyingHost()
    there.agree(sent(taker_hears(there.taking, there.answer())))
    with pytest.raises(PeerError, match=r"^(pairing 5|encoding)"):
        there.taking.hear(there.confirm(card=card))


@pytest.mark.parametrize("change", ["name", "fewer takers", "another key"])
def test_a_host_that_changes_its_card_at_the_end_is_refused(change: str) -> None:
    liar = LyingHost()
    first = HostCard(card=HOST_CARD, takers=2, taken=False)
    liar.agree(sent(taker_hears(liar.taking, liar.answer())))
    accepted = sent(liar.taking.hear(liar.confirm(card=cards.encode(first))))
    liar.transcript.add(accepted)
    last = {
        "name": HostCard(card=TAKER_CARD, takers=2, taken=False),
        "fewer takers": HostCard(card=HOST_CARD, takers=1, taken=False),
        "another key": first,
    }[change]
    key = bytes(32) if change == "another key" else liar.agreement.take(Use.STORED_HOST)
    frame = seal(key, liar.transcript, cards.encode(last))
    with pytest.raises(PeerError, match=r"^pairing 4\.[28]:"):
        liar.taking.hear(frame)
    assert liar.taking.state is TakerState.FAILED


# --- what is left in memory ----------------------------------------------------------------------


def test_w4_nothing_that_made_the_secret_is_left_in_the_machines() -> None:
    """W4: when the pair is there, neither machine holds K, the one-time secret, an ephemeral key, or a key
    that is stored."""
    for talk in (by_picture(), Talk(*by_code()).run()):
        taker, host = talk.pairs
        for held, pair in ((everything(talk.taking), taker), (everything(talk.hosting), host)):
            assert not held & {pair.static, pair.letters_speaking, pair.epochs.speaking.secret}
            assert not [one for one in held if isinstance(one, TakerKeys | HostKeys | Agreement)]
    there = shown()
    secret = there.picture.secret
    taking = scan(there.picture)
    talk = Talk(taking, begun(come(there, taking.first_bytes))).run()
    assert secret not in everything(talk.taking) | everything(talk.hosting)


def everything(machine: Taking | Hosting) -> set[object]:
    return {
        one for one in vars(machine).values() if isinstance(one, bytes | TakerKeys | HostKeys | Agreement)
    }
