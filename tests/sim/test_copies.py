"""C1: how many copies go with a large bundle does not say that its giver wrote it."""

import pytest

from sim.copies_kit import SPACE_BYTES, at_random, large_letters


@pytest.mark.slow
@pytest.mark.parametrize(("letters", "space_bytes"), [(300, SPACE_BYTES), (500, 21 << 20)])
def test_no_number_of_copies_says_that_its_giver_wrote_the_bundle(letters: int, space_bytes: int) -> None:
    """Where there is room (custody 4), and where all stores overflow (2.4): for each number the source gives
    it in 55 % at most."""
    town = large_letters(1, at_random, people=20, letters=letters, meetings=500, space_bytes=space_bytes)
    shares = town.shares()
    assert set(shares) == set(range(1, 32))
    for copies, (_, low, _, count) in shares.items():
        assert low <= 0.55, (copies, count)
    first = [(part * count, count) for copies, (part, _, _, count) in shares.items() if copies >= 24]
    assert sum(hits for hits, _ in first) / sum(count for _, count in first) <= 0.55
