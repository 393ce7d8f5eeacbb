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
    after = ours.agree(20_010, 20_009, stored=20_000)
    assert after.tried == (20_010, 20_000)
    assert after.speaking.reaches(20_000 - EPOCHS_KEPT_BEHIND)
    again = after.agree(20_012, 20_012, stored=20_000)  # and the peer never said that it stored either
    assert again.tried == (20_012, 20_000)
    done = again.confirm(20_012)
    assert done.tried == (20_012,)
    for chain in (done.speaking, done.listening):
        assert chain.reaches(20_010)
        assert not chain.reaches(20_009)  # W4: last but two


def test_what_the_peer_has_stored_is_tried_whether_we_had_it_or_not() -> None:
    """It may have got there by sessions that were cut off before we stored anything."""
    ours, _ = pair()
    waiting = ours.agree(20_020, 20_015, stored=20_010)
    assert waiting.tried == (20_020, 20_010)
    assert not waiting.speaking.reaches(20_010 - EPOCHS_KEPT_BEHIND - 1)
    assert waiting.confirm(20_015).tried == (20_020, 20_015)
    assert waiting.confirm(20_008).tried == (20_020, 20_008)
    assert waiting.confirm(20_007).tried == (20_020, 20_010)  # a restored profile: nothing is left of that
    assert ours.agree(20_020, 20_015, stored=20_020).tried == (20_020,)


def test_a_clock_alone_changes_nothing() -> None:
    ours, _ = pair()
    assert ours.used(20_500) == 20_500
    assert ours == pair()[0]
    assert ours.used(0) == ours.agreed
    assert ours.used(None) == ours.agreed
    assert ours.agree(ours.used(None), 19_000, stored=20_000) == ours  # a peer whose clock is behind


@pytest.mark.parametrize("theirs", [-1, 20_001 + EPOCHS_AHEAD_MAX, 1 << 62])
def test_an_epoch_that_cannot_be_is_refused(theirs: int) -> None:
    with pytest.raises(PeerError):
        pair()[0].agree(20_000, theirs, stored=20_000)


@dataclass
class Side:
    kept: Epochs


@given(
    st.lists(
        st.tuples(
            st.tuples(DAYS | st.none(), DAYS | st.none()),  # the two clocks
            st.integers(0, 3),  # how many of the session's three steps came to pass
            st.booleans(),  # who dialled
        ),
        max_size=12,
    )
)
def test_two_sides_always_have_an_epoch_in_common(
    meetings: list[tuple[tuple[int | None, int | None], int, bool]],
) -> None:
    """Power cuts after any step of any session: they can go on, with their clocks or without."""
    left, right = map(Side, pair())
    for clocks, steps, turned in meetings:
        here, there = (right, left) if turned else (left, right)
        used = here.kept.used(clocks[0]), there.kept.used(clocks[1])
        assert here.kept.speaking.reaches(used[1])
        assert there.kept.speaking.reaches(used[0])
        for step in range(steps):
            match step:
                case 0:  # who was dialled hears what the other has stored
                    there.kept = there.kept.agree(used[1], used[0], stored=here.kept.agreed)
                case 1:  # and answers with what it has stored now
                    here.kept = here.kept.agree(used[0], there.kept.agreed, stored=there.kept.agreed)
                case _:
                    there.kept = there.kept.confirm(here.kept.agreed)
        assert set(left.kept.tried) & set(right.kept.tried)
        for one, other in ((left, right), (right, left)):
            epoch = other.kept.agreed
            assert one.kept.listening.at(epoch) == other.kept.speaking.at(epoch)
