"""What a bad radio decides, frame by frame, without any network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.radio import Radio, Way

FRAME = bytes(100)
MULTICAST = b"\x01" + bytes(99)


def fates(radio: Radio, count: int = 200, frame: bytes = FRAME) -> list[int]:
    """How many copies of each frame arrive."""
    way = Way("up", radio)
    return [len(way.schedule(frame, float(number))) for number in range(count)]


def test_perfect_cable_passes_all_at_once() -> None:
    assert Way("up").schedule(FRAME, 5.0) == [(5.0, FRAME)]


def test_same_seed_loses_the_same_frames() -> None:
    one, same, other = (fates(Radio(loss=0.3, seed=seed)) for seed in (5, 5, 6))
    assert one == same != other
    assert 110 < sum(one) < 170


def test_more_jitter_does_not_change_which_frames_are_lost() -> None:
    plain = fates(Radio(loss=0.3, seed=5))
    assert fates(Radio(loss=0.3, jitter_s=0.1, corrupt=0.5, reorder=0.2, seed=5)) == plain


def test_two_ways_have_chances_of_their_own() -> None:
    up, down = (Way(name, Radio(loss=0.5)) for name in ("up", "down"))
    assert [len(up.schedule(FRAME, 0)) for _ in range(64)] != [
        len(down.schedule(FRAME, 0)) for _ in range(64)
    ]


def test_multicast_loss_spares_unicast() -> None:
    radio = Radio(multicast_loss=1.0)
    assert sum(fates(radio)) == 200
    assert sum(fates(radio, frame=MULTICAST)) == 0


def test_rate_sets_the_pace_and_a_full_queue_drops() -> None:
    way = Way("up", Radio(rate_bps=8000, jitter_s=0.01, queue_s=0.5))
    times = [when for _ in range(20) for when, _ in way.schedule(FRAME, 0.0)]
    assert times == sorted(times)
    assert len(times) == 6  # one at once, five in 0.5 s of queue at ten frames a second
    assert way.counts.overflowed == 14
    assert times[-1] == pytest.approx(0.6, abs=0.02)


def test_delay_is_kept_and_reordered_frames_overtake() -> None:
    way = Way("up", Radio(delay_s=0.02, reorder=0.2, seed=1))
    delays = [round(when - 1.0, 3) for _ in range(100) for when, _ in way.schedule(FRAME, 1.0)]
    assert set(delays) == {0.0, 0.02}
    assert 8 < delays.count(0.0) < 35


def test_duplicate_and_corrupt() -> None:
    assert set(fates(Radio(duplicate=1.0))) == {2}
    [(_, broken)] = Way("up", Radio(corrupt=1.0)).schedule(FRAME, 0.0)
    changed = [index for index, byte in enumerate(broken) if byte]
    assert len(changed) == 1
    assert changed[0] >= 54  # the headers stay, so that a checksum is what finds it
    assert broken[changed[0]].bit_count() == 1


@given(
    st.builds(
        Radio,
        rate_bps=st.sampled_from([0.0, 1e4, 1e6]),
        delay_s=st.floats(0, 1),
        jitter_s=st.floats(0, 1),
        loss=st.floats(0, 1),
        duplicate=st.floats(0, 1),
    ),
    st.lists(st.floats(0, 100), max_size=50),
)
def test_no_frame_arrives_before_it_was_sent_or_out_of_order(radio: Radio, sent_s: list[float]) -> None:
    way, arrivals = Way("up", radio), []
    for now_s in sorted(sent_s):
        for when, _ in way.schedule(FRAME, now_s):
            assert when >= now_s
            arrivals.append(when)
    assert arrivals == sorted(arrivals)
    assert way.counts.came == len(sent_s)


@pytest.mark.parametrize("wrong", [{"loss": 1.1}, {"corrupt": -0.1}, {"delay_s": -1.0}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Radio(**wrong)  # type: ignore[arg-type]
