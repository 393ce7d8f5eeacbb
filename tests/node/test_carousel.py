"""One offer for several receivers: read once where they keep up, and nobody is held up for long."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from node.memory import WITHIN_S, MemorySource, Taker
from satchel.core.blobs.chunks import CHUNK_BYTES, hash_chunk
from satchel.core.handover.messages import Failure
from satchel.core.session.frames import FULL_FRAME_BYTES
from satchel.node.carousel import Carousel
from satchel.store.source import FileSource
from store.offers import look

MIB = CHUNK_BYTES
CONTENTS = [
    b"",
    b"short",
    random.Random(2).randbytes(MIB),
    random.Random(3).randbytes(5 * MIB + 17),
    random.Random(4).randbytes(40_000),
    random.Random(5).randbytes(3 * MIB),
]
ALL = ((0, len(CONTENTS)),)
TOTAL = sum(map(len, CONTENTS))


class Round:
    """A carousel, and its receivers, who leave at the end."""

    def __init__(self, source: MemorySource, *, expected: int = 1) -> None:
        self.source = source
        self.carousel = Carousel(source.entries, source, expected=expected)
        self.takers: list[Taker] = []

    def board(self) -> Taker:
        self.takers.append(Taker(self.carousel, self.source.contents))
        return self.takers[-1]

    def end(self) -> None:
        for taker in self.takers:
            taker.thaw()
            taker.seat.leave()
        assert self.carousel.problem is None


@pytest.fixture
def round_() -> Iterator[Round]:
    round_ = Round(MemorySource(CONTENTS))
    yield round_
    round_.end()


def assert_has_all(taker: Taker, contents: Sequence[bytes] = CONTENTS) -> None:
    taker.wait_for(len(contents))
    assert not taker.failed
    assert [bytes(taker.files[number]) for number in range(len(contents))] == list(contents)


def test_one_receiver_gets_all_and_each_byte_is_read_once(round_: Round) -> None:
    taker = round_.board()
    taker.seat.want_files(ALL)
    assert_has_all(taker)
    assert round_.source.read_bytes == TOTAL


def test_files_come_in_the_order_in_which_they_were_asked_for(round_: Round) -> None:
    taker = round_.board()
    taker.seat.want_files([(4, 2)])
    taker.wait_for(2)
    taker.seat.want_files([(0, 4)])
    assert_has_all(taker)
    assert taker.whole == [4, 5, 0, 1, 2, 3]


def test_w2_runs_are_padded(round_: Round) -> None:
    taker = round_.board()
    taker.seat.want_files([(1, 1)])
    taker.wait_for(1)
    assert taker.frames == [4096]


def test_those_who_come_together_share_all_reading() -> None:
    round_ = Round(MemorySource(CONTENTS), expected=3)
    takers = [round_.board() for _ in range(3)]
    for taker in takers:
        taker.seat.want_files(ALL)
    for taker in takers:
        assert_has_all(taker)
    # Who has said what it wants a moment later may have missed the beginning.
    assert round_.source.read_bytes < 2 * TOTAL
    round_.end()


def test_who_comes_later_gets_what_was_missed_in_the_next_round() -> None:
    """Three come aboard at different times: nothing is read more than twice."""
    source = MemorySource(CONTENTS)
    round_ = Round(source)
    due = [TOTAL // 3, TOTAL // 2]

    def come_aboard(read_bytes: int) -> None:
        if due and read_bytes >= due[0]:
            del due[0]
            round_.board().seat.want_files(ALL)

    source.on_read = come_aboard
    round_.board().seat.want_files(ALL)
    for taker in round_.takers:
        assert_has_all(taker)
    while len(round_.takers) < 3:
        assert_has_all(round_.takers[-1])
    for taker in round_.takers:
        assert_has_all(taker)
    assert source.read_bytes <= 2 * TOTAL
    round_.end()


def test_only_what_is_wanted_is_read(round_: Round) -> None:
    one, other = round_.board(), round_.board()
    one.seat.want_files([(2, 1)])
    other.seat.want_files([(4, 1)])
    one.wait_for(1)
    other.wait_for(1)
    assert (one.whole, other.whole) == ([2], [4])
    assert round_.source.read_bytes == MIB + 40_000


def test_a_resumed_receiver_gets_only_what_it_lacks(round_: Round) -> None:
    chunks = [CONTENTS[3][at : at + MIB] for at in range(0, len(CONTENTS[3]), MIB)]
    told = [hash_chunk(chunk) for chunk in chunks[:4]]
    resumed, fresh = round_.board(), round_.board()
    resumed.incoming.keep(3, {0: told[0], 2: told[2]})
    resumed.files[3][:] = CONTENTS[3]
    resumed.files[3][MIB : 2 * MIB] = bytes(MIB)
    resumed.seat.want_chunks(3, [(1, 1), (3, 3)], told)
    resumed.wait_for(1)
    assert resumed.files[3] == CONTENTS[3]
    fresh.seat.want_files([(3, 1)])
    fresh.wait_for(1)
    assert fresh.files[3] == CONTENTS[3]


def test_all_kept_needs_the_root_only(round_: Round) -> None:
    taker = round_.board()
    taker.incoming.keep(1, {0: hash_chunk(b"short")})
    taker.seat.want_chunks(1, [], [hash_chunk(b"short")])
    taker.wait_for(1)
    assert round_.source.read_bytes == 0


# --- one that is slow, or goes --------------------------------------------------------------------


def test_one_that_takes_nothing_holds_the_others_up_for_less_than_a_second() -> None:
    """M3. And it gets all when it takes again."""
    round_ = Round(MemorySource(CONTENTS))
    frozen, prompt = round_.board(), round_.board()
    frozen.freeze()
    frozen.seat.want_files(ALL)
    began_s = time.monotonic()
    prompt.seat.want_files(ALL)
    assert_has_all(prompt)
    assert time.monotonic() - began_s < 1.5  # half a second, and what a busy machine adds
    assert len(frozen.whole) < len(CONTENTS)
    frozen.thaw()
    assert_has_all(frozen)
    round_.end()


def test_who_wants_only_a_part_is_not_held_up_by_one_who_wants_the_rest() -> None:
    """M3: of the file that both want, the chunks that only the frozen one lacks were waited for without
    end."""
    round_ = Round(MemorySource(CONTENTS))
    frozen, prompt = round_.board(), round_.board()
    frozen.freeze()
    frozen.seat.want_files([(5, 1), (3, 1), (2, 1)])
    until = time.monotonic() + WITHIN_S
    while frozen.seat.outlet.has_room and time.monotonic() < until:
        threading.Event().wait(0.01)
    told = [hash_chunk(CONTENTS[3][at : at + MIB]) for at in range(0, 5 * MIB, MIB)]
    prompt.incoming.keep(3, dict(enumerate(told)))
    prompt.files[3][:] = CONTENTS[3]
    prompt.seat.want_chunks(3, [(5, 1)], told)
    prompt.seat.want_files([(2, 1), (5, 1)])
    prompt.wait_for(3)
    assert not frozen.whole
    frozen.thaw()
    frozen.wait_for(3)
    for number in (2, 3, 5):
        assert prompt.files[number] == frozen.files[number] == CONTENTS[number]
    round_.end()


def test_who_wants_something_else_is_not_held_up_either() -> None:
    """M3: a receiver that came first and takes nothing was waited for without end."""
    round_ = Round(MemorySource(CONTENTS))
    frozen, prompt = round_.board(), round_.board()
    frozen.freeze()
    frozen.seat.want_files([(3, 1)])
    prompt.seat.want_files([(5, 1), (0, 2)])
    prompt.wait_for(3)
    assert not frozen.whole
    frozen.thaw()
    frozen.wait_for(1)
    assert frozen.files[3] == CONTENTS[3]
    round_.end()


def test_small_files_go_to_nobody_who_wants_fewer() -> None:
    """Consent: nobody gets what they have not accepted, also where many files go at once."""
    contents = [b"%d" % number * 50 for number in range(100)]
    round_ = Round(MemorySource(contents), expected=2)
    first, second = round_.board(), round_.board()
    first.seat.want_files([(0, 100)])
    second.seat.want_files([(0, 50)])
    first.wait_for(100)
    second.wait_for(50)
    assert sorted(second.whole) == list(range(50))
    round_.end()


def test_one_that_leaves_takes_nothing_along() -> None:
    source = MemorySource(CONTENTS)
    round_ = Round(source)
    leaving, staying = round_.board(), round_.board()

    def leave(read_bytes: int) -> None:
        if read_bytes > TOTAL // 2:
            leaving.seat.leave()

    source.on_read = leave
    leaving.seat.want_files(ALL)
    staying.seat.want_files(ALL)
    assert_has_all(staying)
    assert len(leaving.whole) < len(CONTENTS)
    round_.end()


def test_nothing_is_done_for_one_that_wants_nothing_when_the_other_has_left() -> None:
    """The frame that was being filled for the one that left kept the reading thread going round."""
    source = MemorySource(CONTENTS)
    round_ = Round(source)
    round_.board()  # its person looks at the offer
    leaving = round_.board()
    left = threading.Event()

    def leave(read_bytes: int) -> None:
        if read_bytes > TOTAL // 2:
            leaving.seat.leave()
            left.set()

    source.on_read = leave
    leaving.seat.want_files(ALL)
    assert left.wait(WITHIN_S)
    threading.Event().wait(0.05)
    began_s = time.process_time()
    threading.Event().wait(0.4)
    assert time.process_time() - began_s < 0.2
    round_.end()


def test_when_all_have_left_the_thread_ends_and_begins_again() -> None:
    round_ = Round(MemorySource(CONTENTS))
    others = set(threading.enumerate())
    for _ in range(2):
        taker = round_.board()
        taker.seat.want_files(ALL)
        assert_has_all(taker)
        taker.seat.leave()
        for thread in set(threading.enumerate()) - others:
            thread.join(WITHIN_S)
            assert not thread.is_alive(), thread.name
    round_.end()


def test_a_mistake_of_ours_lets_everybody_go_and_keeps_no_one_who_comes_later() -> None:
    class Mistake(Exception):
        pass

    source = MemorySource(CONTENTS)
    carousel = Carousel(source.entries, source)

    def fail(_read_bytes: int) -> None:
        raise Mistake

    source.on_read = fail
    for _ in range(2):
        taker = Taker(carousel, CONTENTS)
        taker.seat.want_files(ALL)
        ended = threading.Thread(target=taker.seat.outlet.wait_until_empty, daemon=True)
        assert taker.ended.wait(WITHIN_S)
        ended.start()
        ended.join(WITHIN_S)
        assert not ended.is_alive()
        assert isinstance(carousel.problem, Mistake)


# --- files that cannot go on ----------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("failure", [Failure.CHANGED, Failure.UNREADABLE])
def test_a_file_that_cannot_go_on_fails_for_all_who_want_it_and_only_that_one(
    number: int, failure: Failure
) -> None:
    source = MemorySource(CONTENTS)
    (source.changed if failure is Failure.CHANGED else source.unreadable).add(number)
    round_ = Round(source, expected=2)
    takers = [round_.board() for _ in range(2)]
    for taker in takers:
        taker.seat.want_files(ALL)
    for taker in takers:
        taker.wait_for(len(CONTENTS))
        assert taker.failed == {number: failure}
        assert sorted(taker.whole) == [n for n in range(len(CONTENTS)) if n != number]
        assert all(taker.files[n] == CONTENTS[n] for n in taker.whole)
    round_.end()


def test_small_files_that_fail_take_none_of_their_neighbours_along() -> None:
    contents = [b"" if number % 7 == 3 else b"%d" % number * 50 for number in range(200)]
    source = MemorySource(contents)
    source.changed |= {0, 20, 21, 199}
    source.unreadable.add(100)
    round_ = Round(source, expected=2)
    takers = [round_.board() for _ in range(2)]
    for taker in takers:
        taker.seat.want_files([(0, 90), (95, 105)])
    for taker in takers:
        taker.wait_for(195)
        assert set(taker.failed) == {0, 20, 21, 100, 199}
        assert sorted(taker.whole) == [n for n in (*range(90), *range(95, 200)) if n not in taker.failed]
        assert all(taker.files[n] == contents[n] for n in taker.whole)
    round_.end()


def test_a_file_that_became_shorter_has_changed_and_nothing_of_others_fills_it() -> None:
    """What lies in the buffer is of another file, which this receiver may not have accepted."""
    source = MemorySource([bytes([255]) * MIB, bytes([7]) * MIB])
    entries = source.entries
    source.contents = [source.contents[0], bytes([7]) * 10]
    carousel = Carousel(entries, source)
    one, other = (Taker(carousel, [bytes(MIB), bytes(MIB)]) for _ in range(2))
    one.seat.want_files([(0, 1)])
    one.wait_for(1)
    other.seat.want_files([(1, 1)])
    other.wait_for(1)
    assert other.failed == {1: Failure.CHANGED}
    other.seat.outlet.wait_until_empty()
    assert set(other.files[1]) == {0, 7}
    for taker in (one, other):
        taker.seat.leave()


def test_a_chunk_that_was_told_otherwise_has_changed(round_: Round) -> None:
    taker = round_.board()
    taker.incoming.keep(3, {})
    taker.seat.want_chunks(3, [(0, 6)], [bytes(32)])
    taker.wait_for(1)
    assert taker.failed == {3: Failure.CHANGED}


# --- real files, and many -------------------------------------------------------------------------


def test_real_files(tmp_path: Path) -> None:
    for number, content in enumerate(CONTENTS):
        (tmp_path / f"{number}").write_bytes(content)
    entries = look(*(tmp_path / f"{number}" for number in range(len(CONTENTS)))).entries
    (tmp_path / "4").write_bytes(b"another one")
    source = FileSource()
    carousel = Carousel(entries, source)
    taker = Taker(carousel, CONTENTS)
    taker.seat.want_files(ALL)
    taker.wait_for(len(CONTENTS))
    assert taker.failed == {4: Failure.CHANGED}
    assert all(taker.files[number] == CONTENTS[number] for number in taker.whole)
    taker.seat.leave()
    source.rest()


def test_ten_thousand_small_files_share_frames() -> None:
    chance = random.Random(7)
    contents = [chance.randbytes(chance.randrange(400)) for _ in range(10_000)]
    round_ = Round(MemorySource(contents))
    taker = round_.board()
    taker.seat.want_files([(0, len(contents))])
    assert_has_all(taker, contents)
    needed = sum(map(len, contents)) + 41 * len(contents)
    assert len(taker.frames) <= needed // FULL_FRAME_BYTES + 12  # and the padding of the run
    assert sum(taker.frames) <= needed * 1.13
    round_.end()
