"""The typist: tells at most three hosts, believes none without its confirmation."""

import pytest

from core.pairing.exchange_kit import ADDRESS, CODE, PORT, WRONG_CODE, answer, call, drawn, hear
from satchel.core.pairing.host import Host, Matched
from satchel.core.pairing.typist import ANSWERING_HOSTS_MAX, Call, State, Typist
from satchel.errors import AccessDenied, MisuseError, PeerError


def false_answer(attempt: Call, name: str = "false") -> bytes:
    """What a host on the right channel answers that does not have the words."""
    return answer(hear(Host(WRONG_CODE), attempt.flight, 0.0, name))


def test_p2_a_false_host_gets_three_tries_over_all_connections() -> None:
    """P2: who answers in the sender's place checks one code with each of our confirmations."""
    typist = Typist(CODE)
    for number in range(ANSWERING_HOSTS_MAX):
        assert not typist.given_up
        attempt = call(typist, str(number))
        attempt.hear_answer(false_answer(attempt))
        assert attempt.hear_confirmation(drawn("anything", 32)) is False
        assert attempt.state is State.FAILED
    assert typist.given_up
    attempt = call(typist, "fourth")
    with pytest.raises(AccessDenied):
        attempt.hear_answer(false_answer(attempt))
    assert attempt.state is State.FAILED


def test_p2_calls_made_in_advance_do_not_get_around_the_three_tries() -> None:
    typist = Typist(CODE)
    attempts = [call(typist, str(number)) for number in range(5)]
    for attempt in attempts[:3]:
        attempt.hear_answer(false_answer(attempt))
    for attempt in attempts[3:]:
        with pytest.raises(AccessDenied):
            attempt.hear_answer(false_answer(attempt))


def test_the_third_host_may_be_the_right_one() -> None:
    typist = Typist(CODE)
    for number in range(2):
        attempt = call(typist, str(number))
        attempt.hear_answer(false_answer(attempt))
        attempt.hear_confirmation(bytes(32))
    host, attempt = Host(CODE), call(typist, "right")
    confirm = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0)))
    [matched] = host.hear_confirmation(confirm.confirmation, 0.0)
    assert isinstance(matched, Matched)
    assert attempt.hear_confirmation(matched.confirmation) is True
    assert attempt.state is State.MATCHED


def test_the_right_host_costs_no_try_however_often_the_connection_breaks() -> None:
    """A bad radio is no false host: only those that had not the code are counted [7.1]."""
    typist, host = Typist(CODE), Host(CODE)
    for number in range(2 * ANSWERING_HOSTS_MAX):
        attempt = call(typist, str(number))
        confirm = attempt.hear_answer(answer(hear(host, attempt.flight, float(number))))
        [matched] = host.hear_confirmation(confirm.confirmation, float(number))
        assert isinstance(matched, Matched)
        assert attempt.hear_confirmation(matched.confirmation) is True
        host.reopen()
    assert not typist.given_up


@pytest.mark.parametrize("length", [0, 32, 255, 257])
def test_an_answer_of_another_length_is_refused_and_not_counted(length: int) -> None:
    typist = Typist(CODE)
    for number in range(5):
        with pytest.raises(PeerError, match=r"^code-and-rendezvous 5\.4:"):
            call(typist, str(number)).hear_answer(bytes(length))
    assert not typist.given_up


def test_p2_our_own_share_does_not_come_back() -> None:
    attempt = call(Typist(CODE))
    with pytest.raises(PeerError, match=r"^code-and-rendezvous 5\.4:"):
        attempt.hear_answer(attempt.flight[:32] + bytes(224))


@pytest.mark.parametrize("share", [bytes(32), b"\x01" + bytes(31)])
def test_p2_a_share_of_low_order_gets_no_confirmation(share: bytes) -> None:
    typist = Typist(CODE)
    with pytest.raises(PeerError):
        call(typist).hear_answer(share + bytes(224))
    assert not typist.given_up


@pytest.mark.parametrize("byte", [32, 100, 255])
def test_p2_a_flipped_bit_in_the_answer_ends_in_no_match(byte: int) -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    changed = bytearray(answer(hear(host, attempt.flight, 0.0)))
    changed[byte] ^= 1
    confirm = attempt.hear_answer(bytes(changed))
    assert not any(isinstance(each, Matched) for each in host.hear_confirmation(confirm.confirmation, 0.0))


def test_p2_our_confirmation_sent_back_is_not_the_hosts() -> None:
    attempt = call(Typist(CODE))
    confirm = attempt.hear_answer(answer(hear(Host(CODE), attempt.flight, 0.0)))
    assert attempt.hear_confirmation(confirm.confirmation) is False


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\0", lambda _: b"", lambda c: c[::-1]])
def test_p2_any_other_confirmation_is_not_the_hosts(change: object) -> None:
    host, attempt = Host(CODE), call(Typist(CODE))
    confirm = attempt.hear_answer(answer(hear(host, attempt.flight, 0.0)))
    [matched] = host.hear_confirmation(confirm.confirmation, 0.0)
    assert isinstance(matched, Matched)
    assert callable(change)
    assert attempt.hear_confirmation(change(matched.confirmation)) is False


def test_out_of_turn() -> None:
    attempt = call(Typist(CODE))
    with pytest.raises(MisuseError):
        attempt.hear_confirmation(bytes(32))
    attempt = call(Typist(CODE))
    attempt.hear_answer(false_answer(attempt))
    with pytest.raises(MisuseError):
        attempt.hear_answer(false_answer(attempt))


def test_chance_of_the_wrong_length_is_refused() -> None:
    for scalar, fill in ((31, 208), (32, 207), (32, 209)):
        with pytest.raises(MisuseError):
            Typist(CODE).call(address=ADDRESS, port=PORT, scalar=bytes(scalar), fill=bytes(fill))
