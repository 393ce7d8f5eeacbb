"""Sender and Receiver against each other: everything arrives, goes on after any break, and lies fail."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.blobs.records import whole
from core.handover.pair import Disk, Pair, file, folder
from satchel.core.blobs.chunks import CHUNK_BYTES
from satchel.core.handover import messages as m
from satchel.core.handover.effects import Confirmed, HashChunks, OpenPipes, Say, SendChunks, Stopped, WontCome
from satchel.core.handover.receiving import Receiver
from satchel.core.handover.sending import Sender
from satchel.errors import MisuseError, PeerError

CONTENTS = {
    0: b"",
    1: b"short",
    2: random.Random(2).randbytes(CHUNK_BYTES),
    3: random.Random(3).randbytes(3 * CHUNK_BYTES + 17),
    4: random.Random(4).randbytes(5000),
}
ENTRIES = [file(b"%d" % number, content) for number, content in CONTENTS.items()] + [folder(b"empty")]
SEEDS = st.integers(0, 1 << 32)
PIPES = st.sampled_from([1, 2, 3, 16])


def fresh(disk: Disk, **more: object) -> Pair:
    sender = Sender(ENTRIES, aes=True)
    return Pair(sender, Receiver(aes=True), ENTRIES, CONTENTS, disk, **more)  # type: ignore[arg-type]


def resumed(disk: Disk, **more: object) -> Pair:
    wanted = {number: entry for number, entry in enumerate(ENTRIES) if number not in disk.whole}
    receiver = Receiver.resumed(aes=True, wanted=wanted, done=sorted(disk.whole), held=disk.held(ENTRIES))
    sender = Sender.resumed(ENTRIES, wanted=range(len(ENTRIES)), aes=False)
    return Pair(sender, receiver, ENTRIES, CONTENTS, disk, **more)  # type: ignore[arg-type]


@settings(max_examples=40)
@given(seed=SEEDS, pipes=PIPES)
def test_everything_arrives_once_over_any_pipes_and_both_sides_know(seed: int, pipes: int) -> None:
    disk = Disk()
    pair = fresh(disk, seed=seed, pipes_max=pipes)
    pair.run()
    assert disk.whole == CONTENTS
    assert pair.over == {"sender": True, "receiver": True}
    assert pair.accepted == frozenset(range(6))


def test_only_what_was_accepted_is_sent() -> None:
    disk = Disk()
    pair = fresh(disk, accept=frozenset({1, 3}))
    pair.run()
    assert disk.whole == {1: CONTENTS[1], 3: CONTENTS[3]}
    assert pair.over == {"sender": True, "receiver": True}


def test_nothing_accepted_ends_well() -> None:
    pair = fresh(Disk(), accept=frozenset())
    pair.run()
    assert pair.over == {"sender": True, "receiver": True}


def test_a_text_alone_ends_well() -> None:
    pair = Pair(Sender([], aes=True, note="hello"), Receiver(aes=False), [], {}, Disk())
    pair.run()
    assert pair.over == {"sender": True, "receiver": True}
    assert any(isinstance(said, m.Offer) and said.note == "hello" for said in pair.said)


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 5 * CHUNK_BYTES), max_size=6), seed=SEEDS, pipes=PIPES)
def test_any_number_of_breaks_still_delivers_and_repeats_little(
    cuts: list[int], seed: int, pipes: int
) -> None:
    disk = Disk()
    moved = 0
    for place, budget in enumerate([*cuts, 1 << 60]):
        pair = (resumed if place else fresh)(disk, bulk_budget=budget, seed=seed + place, pipes_max=pipes)
        try:
            pair.run()
        except ConnectionResetError:
            moved += pair.bulk_bytes
            continue
        moved += pair.bulk_bytes
    assert disk.whole == CONTENTS
    assert pair.over == {"sender": True, "receiver": True}
    overhead = 10_000
    total = sum(map(len, CONTENTS.values()))
    if pipes == 1:  # in order, one chunk at a time is not whole
        assert moved <= total + len(cuts) * (2 * CHUNK_BYTES + overhead) + overhead


def test_hashes_flow_ahead_only_for_candidates() -> None:
    """M2: nothing about the receiver's disk is said in a fresh hand-over."""
    pair = fresh(Disk())
    pair.run()
    assert not any(isinstance(said, m.Check | m.Manifest | m.WantChunks) for said in pair.said)


@pytest.mark.parametrize("pipes", [1, 4])
def test_a_changed_partial_is_fetched_again_and_never_mixed(pipes: int) -> None:
    disk = Disk()
    disk.partial[3] = bytearray(CONTENTS[3][: 2 * CHUNK_BYTES])
    disk.partial[3][5] ^= 1  # e.g. what a power cut left
    pair = resumed(disk, pipes_max=pipes)
    pair.run()
    assert disk.whole == CONTENTS
    wants = [said for said in pair.said if isinstance(said, m.WantChunks)]
    assert wants == [m.WantChunks(number=3, ranges=((0, 1), (2, 2)))]


@settings(max_examples=40)
@given(
    seed=SEEDS,
    pipes=PIPES,
    fails=st.dictionaries(st.sampled_from([1, 2, 3]), st.integers(0, 3), min_size=1),
)
def test_failed_files_are_known_to_both_and_the_rest_arrives(
    seed: int, pipes: int, fails: dict[int, int]
) -> None:
    """What of them is still on the way over other pipes is passed over [4.5]."""
    disk = Disk()
    pair = fresh(disk, seed=seed, pipes_max=pipes, fails=fails)
    pair.run()
    assert disk.whole == {number: content for number, content in CONTENTS.items() if number not in fails}
    assert sorted(pair.wont_come) == [(number, m.Failure.CHANGED) for number in sorted(fails)]
    assert pair.over == {"sender": True, "receiver": True}


@settings(max_examples=20)
@given(seed=SEEDS, pipes=PIPES, fails=st.integers(0, 2))
def test_a_candidate_that_fails_is_known_to_both(seed: int, pipes: int, fails: int) -> None:
    disk = Disk()
    disk.partial[3] = bytearray(CONTENTS[3][:CHUNK_BYTES])
    pair = resumed(disk, seed=seed, pipes_max=pipes, fails={3: fails})
    pair.run()
    assert disk.whole == {number: content for number, content in CONTENTS.items() if number != 3}
    assert not disk.partial
    assert pair.over == {"sender": True, "receiver": True}


# --- lies in messages ----------------------------------------------------------------------------


def receiving(*numbers: int) -> Receiver:
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    receiver.hear(m.Offer(first=0, entries=tuple(ENTRIES), last=True))
    receiver.accept(numbers)
    return receiver


def test_receipts_for_what_was_not_sent_are_refused() -> None:
    sender = Sender(ENTRIES, aes=False)
    sender.hear(m.Hello(aes=False))
    sender.hear(m.Accept(ranges=((0, 6),), last=True))
    with pytest.raises(PeerError, match=r"^handover 2\.5:"):
        sender.hear(m.Receipt(ranges=((1, 1),)))


@pytest.mark.parametrize(
    "message",
    [
        m.WantFiles(ranges=((5, 1),)),  # a folder
        m.WantFiles(ranges=((2, 1),)),  # not accepted
        m.WantFiles(ranges=((90, 1),)),
        m.WantChunks(number=1, ranges=((0, 1),)),  # never checked
        m.Check(files=((1, 2),)),  # more chunks than there are
        m.Check(files=((1, 1), (1, 1))),
        m.Receipt(ranges=((0, 200_000),)),
        m.Accept(ranges=(), last=True),
        m.Bye(),
        m.Hello(aes=False),
        m.Manifest(number=1, first=0, hashes=(bytes(32),)),
    ],
)
def test_a_wish_out_of_turn_ends_the_session(message: m.Message) -> None:
    """M2, M3: only what was accepted is read, and only once."""
    sender = Sender(ENTRIES, aes=False)
    sender.hear(m.Hello(aes=False))
    sender.hear(m.Accept(ranges=((0, 2), (3, 3)), last=True))
    with pytest.raises(PeerError, match=r"^handover "):
        sender.hear(message)


def test_a_file_is_wanted_once() -> None:
    sender = Sender(ENTRIES, aes=False)
    sender.hear(m.Hello(aes=False))
    sender.hear(m.Accept(ranges=((0, 6),), last=True))
    sender.hear(m.WantFiles(ranges=((1, 2),)))
    with pytest.raises(PeerError, match=r"^handover 2\.8:"):
        sender.hear(m.WantFiles(ranges=((1, 1),)))


@pytest.mark.parametrize(
    ("ranges", "refused"),
    [
        (((2, 2),), False),  # of the two that were told, none
        (((0, 4),), False),
        (((1, 1), (2, 2)), False),
        ((), True),
        (((3, 1),), True),
        (((2, 1),), True),
        (((0, 2), (3, 1)), True),
        (((2, 3),), True),  # more than there are
    ],
)
def test_only_chunks_that_were_told_can_be_left_out(ranges: tuple[m.Range, ...], refused: bool) -> None:
    """The receiver cannot have compared the others, so it would never be whole."""
    sender = Sender.resumed(ENTRIES, wanted=[3], aes=False)
    sender.hear(m.Hello(aes=False))
    assert sender.hear(m.Check(files=((3, 2),))) == [HashChunks(number=3, chunks=2)]
    told = (bytes(32), bytes(32))
    sender.hashed(3, told)
    want = m.WantChunks(number=3, ranges=ranges)
    if refused:
        with pytest.raises(PeerError, match=r"^handover 2\.9:"):
            sender.hear(want)
    else:
        assert sender.hear(want) == [SendChunks(number=3, ranges=ranges, told=told)]


@pytest.mark.parametrize(
    "message",
    [
        m.Bye(),
        m.Offer(first=0, entries=tuple(ENTRIES), last=True),
        m.Manifest(number=1, first=0, hashes=(bytes(32),)),
        m.Failed(number=4, failure=m.Failure.CHANGED),
        m.Failed(number=77, failure=m.Failure.CHANGED),
        m.Accept(ranges=(), last=True),
        m.Ready(),
        m.Hello(aes=True),
    ],
)
def test_the_receiver_refuses_what_is_out_of_turn(message: m.Message) -> None:
    with pytest.raises(PeerError, match=r"^handover "):
        receiving(0, 1).hear(message)


# --- more pipes ----------------------------------------------------------------------------------


def test_the_sender_asks_for_more_pipes_only_while_it_sends() -> None:
    sender = Sender(ENTRIES, aes=False)
    assert not sender.stripe(4)
    sender.hear(m.Hello(aes=False))
    assert not sender.stripe(4)
    sender.hear(m.Accept(ranges=((0, 2),), last=True))
    assert sender.stripe(4) == [Say(message=m.Stripes(pipes=4))]
    sender.hear(m.Stop(reason=m.StopReason.PAUSED))
    assert not sender.stripe(16)


def test_more_pipes_are_opened_when_asked_for() -> None:
    receiver = receiving(0, 1)
    assert receiver.hear(m.Stripes(pipes=4)) == [OpenPipes(pipes=4)]
    assert receiver.hear(m.Stripes(pipes=16)) == [OpenPipes(pipes=16)]
    list(receiver.hear_bulk(memoryview(whole(1, b"short"))))


def test_a_request_for_pipes_may_cross_the_last_receipt() -> None:
    """The sender cannot know yet that all is in place; nothing is dialled for it any more."""
    receiver = receiving(1)
    list(receiver.hear_bulk(memoryview(whole(1, b"short"))))
    receiver.placed([1])
    assert receiver.hear(m.Stripes(pipes=4)) == []


@pytest.mark.parametrize(("before", "then"), [(2, 2), (4, 2), (16, 16), (16, 4)])
def test_pipes_only_become_more(before: int, then: int) -> None:
    """M3: each Stripes costs connections; so there are at most 15 of them."""
    receiver = receiving(0, 1)
    receiver.hear(m.Stripes(pipes=before))
    with pytest.raises(PeerError, match=r"^handover 2\.14:"):
        receiver.hear(m.Stripes(pipes=then))


def test_pipes_are_asked_for_while_files_are_on_their_way() -> None:
    receiver = Receiver(aes=False)
    stripes = m.Stripes(pipes=2)
    for message in (m.Hello(aes=False), m.Offer(first=0, entries=tuple(ENTRIES), last=True), stripes):
        with pytest.raises(PeerError, match=r"^handover 5\.1:"):
            receiver.hear(stripes)
        if message is not stripes:
            receiver.hear(message)


def test_the_receiver_does_not_ask_for_pipes() -> None:
    sender = Sender(ENTRIES, aes=False)
    for message in (m.Hello(aes=False), m.Accept(ranges=((0, 2),), last=True), m.Ready()):
        with pytest.raises(PeerError, match=r"^handover 5\.1:"):
            sender.hear(m.Stripes(pipes=2))
        sender.hear(message)


def test_pages_of_an_offer_follow_each_other() -> None:
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    with pytest.raises(PeerError, match=r"^handover 2\.2:"):
        receiver.hear(m.Offer(first=1, entries=tuple(ENTRIES), last=True))


def test_all_names_of_an_offer_together_are_bounded() -> None:
    """M3: an offer of long names must not fill the memory."""
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    long = m.Entry(
        path=tuple([b"x" * 255] * 15), kind=m.EntryKind.FOLDER, size=0, mtime_ns=0, executable=False
    )
    pages = 21  # of 1,000 entries whose 15 names cost 319 each: just below 96 MiB
    for page in range(pages):
        receiver.hear(m.Offer(first=page * 1000, entries=(long,) * 1000, last=False))
    with pytest.raises(PeerError, match=r"^handover 2\.2:"):
        receiver.hear(m.Offer(first=pages * 1000, entries=(long,) * 1000, last=False))


def test_a_stop_is_told_at_any_time() -> None:
    for machine in (Receiver(aes=False), receiving(1), Sender(ENTRIES, aes=False)):
        assert machine.hear(m.Stop(reason=m.StopReason.DISK_FULL)) == [Stopped(reason=m.StopReason.DISK_FULL)]


def test_a_name_that_the_disk_refuses_does_not_stop_the_rest() -> None:
    receiver = receiving(1)
    list(receiver.hear_bulk(memoryview(whole(1, b"short"))))
    effects = receiver.refused_by_disk(1)
    assert WontCome(number=1, failure=m.Failure.REFUSED_BY_DISK) in effects


def test_only_what_is_offered_can_be_accepted() -> None:
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    receiver.hear(m.Offer(first=0, entries=tuple(ENTRIES), last=True))
    with pytest.raises(MisuseError):
        receiver.accept([6])


def test_receipts_after_a_break_count_what_was_sent_before() -> None:
    sender = Sender.resumed(ENTRIES, wanted=[1, 2], aes=False)
    sender.hear(m.Hello(aes=False))
    assert sender.hear(m.Receipt(ranges=((1, 2),)))[0] == Confirmed(ranges=((1, 2),))
    with pytest.raises(PeerError, match=r"^handover 2\.5:"):
        sender.hear(m.Receipt(ranges=((1, 1),)))


def test_short_names_are_not_free() -> None:
    """M3: 200,000 paths of a hundred one-byte names are 20 MB on the wire and a gigabyte in memory."""
    receiver = Receiver(aes=False)
    receiver.hear(m.Hello(aes=False))
    deep = m.Entry(path=(b"x",) * 100, kind=m.EntryKind.FOLDER, size=0, mtime_ns=0, executable=False)
    pages = 15
    for page in range(pages):
        receiver.hear(m.Offer(first=page * 1000, entries=(deep,) * 1000, last=False))
    with pytest.raises(PeerError, match=r"^handover 2\.2:"):
        receiver.hear(m.Offer(first=pages * 1000, entries=(deep,) * 1000, last=False))


def test_what_failed_before_a_break_does_not_keep_both_waiting() -> None:
    disk = Disk(whole={n: content for n, content in CONTENTS.items() if n != 3})
    receiver = Receiver.resumed(aes=True, wanted={}, done=[0, 1, 2, 4, 5], held={}, failed=[3])
    sender = Sender.resumed(ENTRIES, wanted=range(len(ENTRIES)), aes=False)
    pair = Pair(sender, receiver, ENTRIES, CONTENTS, disk, accept=frozenset())
    pair.run()
    assert pair.over == {"sender": True, "receiver": True}
