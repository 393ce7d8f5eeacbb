"""Agreed epochs: what W4 asks to be erased, and what a wrong clock or a lost frame must not lose."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.core.identity.epochs import (
    EPOCHS_AHEAD_MAX,
    EPOCHS_KEPT_BEHIND,
    Chain,
    Epochs,
    Use,
    begin,
)
from satchel.errors import MisuseError, PeerError

A, B = bytes(32), bytes([1]) * 32
DAYS = st.integers(20_000, 20_060)


def pair(epoch: int = 20_000) -> tuple[Epochs, Epochs]:
    return (
        begin(epoch=epoch, speaking=A, listening=B),
        begin(epoch=epoch, speaking=B, listening=A),
    )


def test_a_chain_goes_on_and_never_back() -> None:
    chain = Chain(epoch=20_000, secret=A)
    assert chain.at(20_002) == chain.at(20_001).at(20_002)
    with pytest.raises(MisuseError):
        chain.at(20_001).at(20_000)
    with pytest.raises(MisuseError):
        chain.at(20_001 + EPOCHS_AHEAD_MAX + EPOCHS_KEPT_BEHIND)


def test_each_use_and_epoch_and_direction_has_a_key_of_its_own() -> None:
    keys = {
        Chain(epoch=20_000, secret=secret).at(epoch).key(use)
        for secret in (A, B)
        for epoch in range(20_000, 20_003)
        for use in Use
    }
    assert len(keys) == 2 * 3 * 3


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Chain(epoch=1, secret=b"x" * 32))


def test_the_previous_stays_until_the_peer_has_stored_the_new_one() -> None:
    ours, _ = pair()
    after = ours.agree(20_010, 20_009)
    assert after.tried == (20_010, 20_000)
    assert after.speaking.reaches(20_000 - EPOCHS_KEPT_BEHIND)
    again = after.agree(20_012, 20_012)  # and the peer never said that it stored either
    assert again.tried == (20_012, 20_000)
    done = again.confirm(20_012)
    assert done.tried == (20_012,)
    for chain in (done.speaking, done.listening):
        assert chain.reaches(20_010)
        assert not chain.reaches(20_009)  # W4: last but two


def test_a_peer_that_stored_one_between_counts_as_being_there() -> None:
    ours, _ = pair()
    waiting = ours.agree(20_010, 20_010).agree(20_020, 20_020)
    assert waiting.confirm(20_010).tried == (20_020, 20_010)
    assert waiting.confirm(20_000).tried == (20_020, 20_000)
    assert waiting.confirm(19_000).tried == (20_020, 20_000)


def test_a_clock_alone_changes_nothing() -> None:
    ours, _ = pair()
    assert ours.used(20_500) == 20_500
    assert ours == pair()[0]
    assert ours.used(0) == ours.agreed
    assert ours.used(None) == ours.agreed
    assert ours.agree(ours.used(None), 19_000) == ours  # a peer whose clock is behind


@pytest.mark.parametrize("theirs", [-1, 20_001 + EPOCHS_AHEAD_MAX, 1 << 62])
def test_an_epoch_that_cannot_be_is_refused(theirs: int) -> None:
    with pytest.raises(PeerError):
        pair()[0].agree(20_000, theirs)


@dataclass
class Side:
    kept: Epochs


@given(
    st.lists(
        st.tuples(
            st.tuples(DAYS | st.none(), DAYS | st.none()),  # the two clocks
            st.integers(0, 4),  # how many of the session's four steps came to pass
        ),
        max_size=12,
    )
)
def test_two_sides_always_have_an_epoch_in_common(
    meetings: list[tuple[tuple[int | None, int | None], int]],
) -> None:
    """Power cuts after any step of any session: they can go on, with their clocks or without."""
    left, right = map(Side, pair())
    for clocks, steps in meetings:
        used = left.kept.used(clocks[0]), right.kept.used(clocks[1])
        assert left.kept.speaking.reaches(used[1])
        assert right.kept.speaking.reaches(used[0])
        for step in range(steps):
            match step:
                case 0:
                    left.kept = left.kept.agree(used[0], used[1])
                case 1:
                    right.kept = right.kept.confirm(left.kept.agreed)
                    right.kept = right.kept.agree(used[1], used[0])
                case 2:
                    left.kept = left.kept.confirm(right.kept.agreed)
                case _:
                    right.kept = right.kept.confirm(left.kept.agreed)
        assert set(left.kept.tried) & set(right.kept.tried)
        for one, other in ((left, right), (right, left)):
            epoch = other.kept.agreed
            assert one.kept.listening.at(epoch) == other.kept.speaking.at(epoch)
