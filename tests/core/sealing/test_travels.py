"""Letters that arrive in any order, or not at all, twice, forged, or after a profile went back."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sealing.letters_kit import WRITER, Disk, Reader, acquainted, changed, told
from satchel.core.bundles.header import HEADER_BYTES, bundle_id, decode_header, with_copies
from satchel.core.sealing.chain import ABOVE_ALL_MAX, ABOVE_KNOWN_MAX, Entry, Place
from satchel.core.sealing.listening import SKIPPED_MAX, WINDOW
from satchel.core.sealing.seal import unseal
from satchel.errors import MisuseError, PeerError


def text(number: int) -> bytes:
    return b"letter %d" % number


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_c2_whatever_arrives_opens_once_in_any_order_after_any_loss_with_duplicates(
    data: st.DataObject,
) -> None:
    writer, reader = acquainted(1)
    bundles = [writer.write(text(number)) for number in range(data.draw(st.integers(1, 30)))]
    arriving = data.draw(st.lists(st.integers(0, len(bundles) - 1), max_size=60))
    came: list[bytes] = []
    for place in arriving:
        if data.draw(st.integers(0, 19)) == 7:
            reader = Reader(reader.disk)  # a new start: the table is made anew
        opened = reader.take(bundles[place])
        if opened is not None:
            came.append(opened.content)
    assert sorted(came) == sorted(text(number) for number in set(arriving))


def test_c2_a_thousand_shuffled_open_each_once() -> None:
    writer, reader = acquainted(2)
    bundles = [writer.write(text(number)) for number in range(1000)]
    writer.chance.shuffle(bundles)
    opened = [reader.take(bundle) for bundle in bundles + bundles]
    came = [one.content for one in opened if one is not None]
    assert sorted(came) == sorted(map(text, range(1000)))
    assert not reader.disk.entries
    assert not reader.disk.listening.skipped


def test_the_first_900_are_lost_and_the_last_100_open() -> None:
    writer, reader = acquainted(3)
    bundles = [writer.write(text(number)) for number in range(1000)]
    assert all(reader.take(bundle) for bundle in bundles[900:])
    assert len(reader.disk.entries) == 900


def test_only_the_1000th_arrives_and_then_one_of_before() -> None:
    writer, reader = acquainted(4)
    bundles = [writer.write(text(number)) for number in range(1000)]
    assert reader.take(bundles[999])
    assert reader.take(bundles[0])
    assert not reader.take(bundles[0])


@pytest.mark.slow
def test_5000_with_receipts_coming_back_late_and_in_any_order() -> None:
    """The writer never gets beyond the window, whatever is lost on the way there or back."""
    writer, reader = acquainted(5)
    chance = random.Random(55)
    under_way: list[bytes] = []
    receipts: list[bytes] = []
    tags: set[bytes] = set()
    written = opened = lost = 0
    while written < 5000 or under_way or receipts:
        if written < 5000 and writer.speaking.room and chance.random() < 0.6:
            under_way.append(writer.write(text(written)))
            tags.add(decode_header(under_way[-1]).tag)
            written += 1
        elif under_way and chance.random() < 0.7:
            bundle = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < 0.1:
                lost += 1
                continue
            one = reader.take(bundle)
            assert one is not None
            opened += 1
            receipts.append(one.receipt.preimage)
        elif receipts:
            preimage = receipts.pop(chance.randrange(len(receipts)))
            if chance.random() < 0.8:
                writer.receipt(preimage)
        elif not writer.speaking.room:
            told(writer, reader)
        assert writer.speaking.place.number <= reader.disk.listening.place.number + WINDOW
    assert opened + lost == 5000
    assert len(tags) == 5000
    assert len(reader.disk.entries) == sum(len(one.numbers) for one in reader.disk.listening.skipped)
    assert len(reader.disk.entries) <= SKIPPED_MAX


def test_the_writer_keeps_what_is_beyond_1000_until_something_was_opened() -> None:
    writer, reader = acquainted(6)
    bundles = [writer.write(text(number)) for number in range(ABOVE_KNOWN_MAX)]
    assert writer.speaking.room == 0
    with pytest.raises(MisuseError):
        writer.write(b"one more")
    opened = reader.take(bundles[10])
    assert opened is not None
    writer.receipt(opened.receipt.preimage)
    assert writer.speaking.room == 11


@pytest.mark.parametrize("behind", [0, 1, 999])
def test_c1_a_restored_backup_jumps_all_opens_and_no_tag_comes_twice(behind: int) -> None:
    """`behind`: how many letters were written after the copy was made."""
    writer, reader = acquainted(7)
    before = [writer.write(b"before %d" % number) for number in range(1)]
    backup = writer.copy()
    lost = [writer.write(b"lost %d" % number) for number in range(behind)]
    backup.speaking = backup.speaking.restored()
    after = [backup.write(b"after %d" % number) for number in range(1000)]
    assert backup.speaking.room == 0
    everything = before + lost + after
    assert len({decode_header(bundle).tag for bundle in everything}) == len(everything)
    backup.chance.shuffle(everything)
    assert all(reader.take(bundle) for bundle in everything)


def test_restored_again_and_again_it_never_leaves_the_window() -> None:
    writer, _ = acquainted(8)
    for _ in range(5):
        writer.speaking = writer.speaking.restored()
        while writer.speaking.room:
            writer.write(b"")
    assert writer.speaking.place.number - 1 <= 5 * 1000 + ABOVE_ALL_MAX
    assert writer.speaking.room == 0
    _, fresh = acquainted(8)
    writer, _ = acquainted(8)
    writer.speaking = writer.speaking.restored().restored()
    bundles = [writer.write(text(number)) for number in range(writer.speaking.room)]
    assert all(fresh.take(bundle) for bundle in reversed(bundles))


def test_a_writer_restored_from_an_old_copy_writes_again_after_a_session() -> None:
    writer, reader = acquainted(9)
    backup = writer.copy()
    for _ in range(3):
        for bundle in [writer.write(b"") for _ in range(900)]:
            reader.take(bundle)
        told(writer, reader)
    under_way = [writer.write(b"lost") for _ in range(900)]
    backup.speaking = backup.speaking.restored()
    told(backup, reader)
    after = [backup.write(b"after") for _ in range(100)]
    tags = {decode_header(bundle).tag for bundle in under_way + after}
    assert len(tags) == 1000
    assert all(reader.take(bundle) for bundle in after + under_way)


def test_a_reader_restored_from_an_old_copy_opens_again_after_a_session() -> None:
    writer, reader = acquainted(10)
    backup = reader.disk.copy()
    for _ in range(6):
        for bundle in [writer.write(b"") for _ in range(1000)]:
            reader.take(bundle)
        told(writer, reader)
    reader = Reader(backup)
    under_way = [writer.write(b"under way") for _ in range(50)]
    assert not any(reader.take(bundle) for bundle in under_way)
    told(writer, reader)
    after = [writer.write(b"after") for _ in range(50)]
    assert all(reader.take(bundle) for bundle in under_way + after)


def test_c2_a_thousand_forged_bodies_under_a_real_tag_do_not_harm_the_real_letter() -> None:
    writer, reader = acquainted(11)
    for real in (writer.write(b"first"), writer.write(b"second")):
        before = reader.disk.copy()
        for _ in range(500):
            forged = real[:HEADER_BYTES] + writer.chance.randbytes(len(real) - HEADER_BYTES)
            assert bundle_id(forged) != bundle_id(real)
            assert reader.take(forged) is None
        assert reader.disk == before
    assert reader.take(real)
    assert reader.take(writer.write(b"third"))


WRITER_12, READER_12 = acquainted(12)


@given(st.integers(0, 2047))
def test_c2_a_changed_byte_is_another_bundle_and_opens_nowhere_but_copies_open(at: int) -> None:
    writer, reader = WRITER_12, READER_12
    writer.speaking = writer.speaking.opened(reader.disk.listening.highest)
    bundle = writer.write(b"x")
    twin = changed(bundle, at)
    if at == 4:  # copies
        assert bundle_id(twin) == bundle_id(bundle)
        assert with_copies(twin, 9) == bundle
        assert reader.take(twin)
        return
    assert bundle_id(twin) != bundle_id(bundle)
    try:
        assert reader.take(twin) is None
    except PeerError:
        assert at == 0
    assert reader.take(bundle)


def test_t2_w4_a_copy_of_the_disk_after_opening_opens_nothing_of_before_and_knows_no_tag() -> None:
    """The thief has the disk, the old traffic, and all the time there is."""
    writer, reader = acquainted(13)
    bundles = [writer.write(text(number)) for number in range(200)]
    gone, waiting = bundles[0:200:2], bundles[1:199:2]
    for bundle in gone:
        assert reader.take(bundle)
    thief = reader.disk.copy()
    known = everything(thief)
    tags = {entry.tag for entry in known}
    assert not {decode_header(bundle).tag for bundle in gone} & tags
    assert not any(unseal(rekeyed(entry, bundle), bundle) for bundle in gone[:20] for entry in known[:400])
    assert {decode_header(bundle).tag for bundle in waiting} <= tags


def everything(disk: Disk) -> list[Entry]:
    """All that follows from a disk, as far as anybody may go."""
    place, entries = disk.listening.place, list(disk.entries.values())
    for _ in range(2 * WINDOW):
        entry, place = place.step()
        entries.append(entry)
    return entries


def rekeyed(entry: Entry, bundle: bytes) -> Entry:
    return Entry(number=entry.number, tag=decode_header(bundle).tag, key=entry.key)


def test_w4_what_a_writer_keeps_opens_nothing_that_it_sealed() -> None:
    writer, _ = acquainted(14)
    bundles = [writer.write(text(number)) for number in range(20)]
    place: Place = writer.speaking.place
    for _ in range(WINDOW):
        entry, place = place.step()
        assert not any(unseal(rekeyed(entry, bundle), bundle) for bundle in bundles[-2:])


def test_m1_a_direction_and_a_pair_open_only_their_own() -> None:
    writer, _ = acquainted(15)
    _, stranger = acquainted(16)
    bundle = writer.write(b"x")
    assert stranger.take(bundle) is None
    entry = stranger.disk.listening.entry(1)
    assert unseal(rekeyed(entry, bundle), bundle) is None


def test_a_table_forgets_a_contact_and_gives_its_place_to_the_next() -> None:
    writer, reader = acquainted(17)
    bundle = writer.write(b"x")
    reader.table.forget(WRITER)
    assert reader.table.find(decode_header(bundle).tag) is None
    reader.table.forget(WRITER)
    reader.table.put(WRITER, reader.disk.listening, ())
    assert reader.take(bundle)
