"""Out, in and both: what is new arrives, what others wait for stays, and nobody sees whose it is."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carriers.stick.samples import (
    CLOCK_S,
    NOW_H,
    Chance,
    MemoryCustody,
    bundle_of,
    file_with,
    files_of,
    lay,
    on_stick,
    receipt_of,
)
from satchel.carriers.stick import CarriedOut, carry_in, carry_out, exchange
from satchel.carriers.stick.contents import Contents
from satchel.carriers.stick.layout import FOLDER, SIZES_BYTES, encode_lists, is_name
from satchel.carriers.stick.survey import OVER_FOR_H
from satchel.core.bundles.header import BundleId, bundle_id, decode_header, with_copies
from satchel.core.identity.clocks import HOUR_S
from satchel.errors import EnvironmentProblem
from satchel.ports.stick import Held, Offered

LETTERS = [bundle_of(number, size_class) for number, size_class in enumerate((0, 0, 1, 2, 3, 4, 5, 0))]


def out(
    stick: Path,
    custody: MemoryCustody,
    chance: Chance | None = None,
    *,
    clock_s: int | None = CLOCK_S,
    size_bytes: int | None = None,
) -> CarriedOut:
    return carry_out(stick, custody, chance or Chance(), clock_s=clock_s, size_bytes=size_bytes)


def test_what_one_carries_out_another_carries_in(tmp_path: Path) -> None:
    amina, bao = MemoryCustody(*LETTERS, receipts=[receipt_of("x")]), MemoryCustody()
    went = out(tmp_path, amina)
    assert (went.bundles, went.receipts, went.is_full) == (len(LETTERS), 1, False)
    assert sorted(amina.handed) == sorted(amina.bundles)
    told: list[int] = []
    taken = carry_in(tmp_path, bao, clock_s=CLOCK_S, tell=told.append)
    assert (taken.bundles, taken.receipts, taken.damaged, taken.unreadable) == (len(LETTERS), 1, 0, 0)
    assert bao.bundles == amina.bundles
    assert bao.heard == [receipt_of("x")]
    assert sum(told) == sum(map(len, LETTERS))
    again = carry_in(tmp_path, bao, clock_s=CLOCK_S)
    assert again.bundles == 0


def test_c1_files_look_the_same_whatever_is_inside_and_whoever_wrote_them(tmp_path: Path) -> None:
    """Names, sizes, order: nothing that says whose, or which belong together."""
    for name in ("amina", "bao"):
        stick = tmp_path / name
        stick.mkdir()
        out(stick, MemoryCustody(*LETTERS, receipts=[receipt_of("x")]), Chance(name))
    names = [path.name for name in ("amina", "bao") for path in files_of(tmp_path / name)]
    assert len(set(names)) == len(names) == 4
    assert all(is_name(name) and name == name.upper() for name in names)  # one entry each, on FAT
    assert {path.stat().st_size for path in files_of(tmp_path / "amina")} <= set(SIZES_BYTES)
    assert os.listdir(tmp_path / "amina") == [FOLDER]
    salts = set()
    for path in (*files_of(tmp_path / "amina"), *files_of(tmp_path / "bao")):
        with path.open("rb") as file:
            salts.add(Contents(file).head.salt)
    assert len(salts) == 4
    # In which order letters and receipts came here shows nowhere.
    other = MemoryCustody(*reversed(LETTERS), receipts=[receipt_of("y"), receipt_of("x")])
    same = MemoryCustody(*LETTERS, receipts=[receipt_of("x"), receipt_of("y")])
    for name, custody in (("other", other), ("same", same)):
        (tmp_path / name).mkdir()
        out(tmp_path / name, custody, Chance("same"))
    assert [path.read_bytes() for path in files_of(tmp_path / "other")] == [
        path.read_bytes() for path in files_of(tmp_path / "same")
    ]


def test_what_stands_there_is_not_written_again(tmp_path: Path) -> None:
    amina = MemoryCustody(*LETTERS)
    bao = MemoryCustody(*LETTERS, bundle_of("new"), receipts=[receipt_of("x"), receipt_of("y")])
    out(tmp_path, amina)
    went = out(tmp_path, bao)
    assert (went.bundles, went.left_out) == (1, len(LETTERS))
    assert bao.handed == [bundle_id(bundle_of("new"))]
    went = out(tmp_path, bao)
    assert (went.bundles, went.left_out) == (0, len(LETTERS) + 1)
    assert len(files_of(tmp_path)) == 4  # bundles of both, inventories of both: an own older one is replaced


def test_what_is_damaged_there_does_not_count_as_being_there(tmp_path: Path) -> None:
    """Cheap sticks lose what they have called written."""
    amina = MemoryCustody(*LETTERS[:3])
    out(tmp_path, amina)
    spoilt = max(files_of(tmp_path), key=lambda path: path.read_bytes().count(0x55))
    data = bytearray(spoilt.read_bytes())
    data[200] ^= 1
    spoilt.write_bytes(data)
    bao = MemoryCustody()
    assert carry_in(tmp_path, bao, clock_s=CLOCK_S).damaged == 1
    assert len(bao.bundles) == 2
    assert out(tmp_path, amina).bundles == 1
    assert set(on_stick(tmp_path)) == set(amina.bundles)


def test_an_inventory_leaves_out_what_all_others_have_and_nothing_else(tmp_path: Path) -> None:
    amina = MemoryCustody(*LETTERS[:4])
    out(tmp_path, amina, size_bytes=SIZES_BYTES[0])  # the inventory alone
    assert on_stick(tmp_path) == {}
    bao = MemoryCustody(*LETTERS[2:])
    went = out(tmp_path, bao)
    assert went.left_out == 2
    assert set(bao.handed) == set(map(bundle_id, LETTERS[4:]))
    # Cem has nothing of it: for his sake nobody leaves anything out any more.
    cem = MemoryCustody(bundle_of("cem"))
    out(tmp_path, cem)
    assert out(tmp_path, bao).left_out == len(LETTERS) - 4
    assert set(on_stick(tmp_path)) == set(bao.bundles) | set(cem.bundles)


def test_an_inventory_that_is_over_counts_no_more_and_goes(tmp_path: Path) -> None:
    amina = MemoryCustody(*(bundle_of(number, expiry_hour=NOW_H) for number in range(3)))
    out(tmp_path, amina, size_bytes=SIZES_BYTES[0])
    (old,) = files_of(tmp_path)
    bao = MemoryCustody(*amina.bundles.values(), bundle_of("bao"))
    days_3_s = 3 * 24 * HOUR_S
    assert out(tmp_path, bao, clock_s=CLOCK_S + days_3_s).left_out == 0
    assert not old.exists()


def test_one_bundle_in_a_file_is_enough(tmp_path: Path) -> None:
    records = file_with(*[LETTERS[0]] * 30)
    lay(tmp_path, "AAAAAAAA.DAT", records.ljust(SIZES_BYTES[0], b"\0"))
    assert out(tmp_path, MemoryCustody(LETTERS[0])).bundles == 1
    assert [path.read_bytes().count(LETTERS[0]) for path in files_of(tmp_path)].count(1) == 1
    assert not (tmp_path / FOLDER / "AAAAAAAA.DAT").exists()


def test_an_own_older_inventory_says_nothing_about_others(tmp_path: Path) -> None:
    amina = MemoryCustody(*LETTERS)
    assert out(tmp_path, amina, size_bytes=SIZES_BYTES[0]).is_full
    assert out(tmp_path, amina).left_out == 0
    assert set(on_stick(tmp_path)) == set(amina.bundles)


def test_what_a_third_person_waits_for_stays(tmp_path: Path) -> None:
    """Also where who writes has refused it, and so does not carry it on."""
    out(tmp_path, MemoryCustody(*LETTERS))
    for _ in range(3):
        exchange(tmp_path, MemoryCustody(bundle_of("other"), refuses=True), Chance(), clock_s=CLOCK_S)
        cem = MemoryCustody()
        carry_in(tmp_path, cem, clock_s=CLOCK_S)
        assert set(map(bundle_id, LETTERS)) < set(cem.bundles)


@pytest.mark.parametrize("how", ["expired", "delivered here", "delivered on the stick"])
def test_files_go_when_nothing_in_them_is_alive(tmp_path: Path, how: str) -> None:
    out(tmp_path, MemoryCustody(*LETTERS[:3]))
    receipts = [receipt_of(number) for number in range(3)]
    bao = MemoryCustody(receipts=receipts if how == "delivered here" else ())
    if how == "delivered on the stick":
        out(tmp_path, MemoryCustody(receipts=receipts), Chance("third"))
        assert carry_in(tmp_path, bao, clock_s=CLOCK_S).bundles == 0  # though custody knows of no receipt
    later_h = 100 + OVER_FOR_H + 1 if how == "expired" else 0
    out(tmp_path, bao, clock_s=CLOCK_S + later_h * HOUR_S)
    assert on_stick(tmp_path) == {}
    if how != "expired":  # whoever comes next is to know, too
        cem = MemoryCustody(*LETTERS)
        carry_in(tmp_path, cem, clock_s=CLOCK_S)
        assert len(cem.bundles) == len(LETTERS) - 3


@pytest.mark.parametrize(
    "clock_s", [None, 0, CLOCK_S - 90 * 24 * HOUR_S, CLOCK_S + (100 + OVER_FOR_H) * HOUR_S]
)
def test_a_clock_that_is_behind_or_missing_deletes_nothing(tmp_path: Path, clock_s: int | None) -> None:
    out(tmp_path, MemoryCustody(*LETTERS))
    for path in files_of(tmp_path):
        os.utime(path, (0, 0))  # and no time of a file says anything
    carry_out(tmp_path, MemoryCustody(bundle_of("other")), Chance(), clock_s=clock_s)
    assert len(on_stick(tmp_path)) == len(LETTERS) + 1


def test_c1_who_has_opened_a_letter_does_not_delete_it_before_its_receipt_goes(tmp_path: Path) -> None:
    """Reader and carrier leave the same stick behind."""
    out(tmp_path, MemoryCustody(*LETTERS))
    before = {path.name: path.read_bytes() for path in files_of(tmp_path)}
    reader = MemoryCustody(*LETTERS)  # their receipts wait for their moment: custody does not offer them
    out(tmp_path, reader)
    assert before.items() <= {path.name: path.read_bytes() for path in files_of(tmp_path)}.items()


def test_a_file_that_is_mostly_dead_is_replaced_by_who_has_the_rest(tmp_path: Path) -> None:
    many = [bundle_of(number) for number in range(30)]
    out(tmp_path, MemoryCustody(*many, receipts=[receipt_of("kept")]))
    receipts = [receipt_of(number) for number in range(25)]
    stranger = MemoryCustody(receipts=receipts)
    out(tmp_path, stranger, Chance("stranger"))
    assert set(on_stick(tmp_path)) == set(map(bundle_id, many))  # the rest is not his: it stays
    went = out(tmp_path, MemoryCustody(*many[25:], receipts=receipts), Chance("friend"))
    assert went.bundles == 5
    assert set(on_stick(tmp_path)) == set(map(bundle_id, many[25:]))
    heard = MemoryCustody()
    carry_in(tmp_path, heard, clock_s=CLOCK_S)
    assert set(heard.heard) >= {receipt_of("kept"), *receipts}


def test_receipts_of_others_are_carried_on(tmp_path: Path) -> None:
    """Custody drops receipts of what it never held; the stick does not."""
    over = receipt_of("over", expiry_hour=NOW_H - OVER_FOR_H - 1)
    out(tmp_path, MemoryCustody(receipts=[receipt_of("x"), receipt_of("y"), over]))
    again = MemoryCustody(receipts=[receipt_of("x")])
    assert out(tmp_path, again).receipts == 0
    assert again.handed_receipts == [receipt_of("x")]  # it stands there
    for name in ("bao", "cem", "dana"):
        exchange(tmp_path, MemoryCustody(bundle_of(name)), Chance(name), clock_s=CLOCK_S)
    heard = MemoryCustody()
    carry_in(tmp_path, heard, clock_s=CLOCK_S)
    assert set(heard.heard) >= {receipt_of("x"), receipt_of("y")}
    # Somebody has more of which most is over: then all of it is written anew, but what is over.
    out(tmp_path, MemoryCustody(receipts=[over, replace(over, expiry_hour=1), receipt_of("z")]), Chance())
    out(tmp_path, MemoryCustody(), Chance())
    heard = MemoryCustody()
    carry_in(tmp_path, heard, clock_s=CLOCK_S)
    assert {receipt_of("x"), receipt_of("y"), receipt_of("z")} <= set(heard.heard)
    assert replace(over, expiry_hour=1) not in heard.heard


def test_receipts_that_find_no_room_elsewhere_stay_where_they_are(tmp_path: Path) -> None:
    said = [receipt_of(("said", number)) for number in range(3100)]
    records = file_with(LETTERS[0])[len(file_with()) :]
    old = lay(tmp_path, "AAAAAAAA.DAT", encode_lists(bytes(16), said, ()) + records)
    for size_bytes, stays in ((old.stat().st_size + SIZES_BYTES[0], True), (10 * SIZES_BYTES[0], False)):
        out(tmp_path, MemoryCustody(LETTERS[0]), size_bytes=size_bytes)
        assert old.exists() == stays
        heard = MemoryCustody()
        carry_in(tmp_path, heard, clock_s=CLOCK_S)
        assert set(heard.heard) == set(said)
        assert set(heard.bundles) == {bundle_id(LETTERS[0])}


def test_a_receipt_comes_before_its_bundle(tmp_path: Path) -> None:
    """Else what is delivered already would be taken in, and carried on for weeks."""
    out(tmp_path, MemoryCustody(*LETTERS[:2]))
    out(tmp_path, MemoryCustody(receipts=[receipt_of(0)]), Chance("other"))
    bao = MemoryCustody()
    carry_in(tmp_path, bao, clock_s=CLOCK_S)
    assert set(bao.bundles) == {bundle_id(LETTERS[1])}


def test_c1_copies_are_what_custody_says(tmp_path: Path) -> None:
    out(tmp_path, MemoryCustody(with_copies(LETTERS[5], 7)))
    assert [decode_header(bundle).copies for bundle in on_stick(tmp_path).values()] == [7]


@pytest.mark.parametrize("room", [0, 1, 2, 3, 5, 9, 30, 100])
def test_size_bounds_all_of_ours_small_ones_first(tmp_path: Path, room: int) -> None:
    (tmp_path / "foreign").write_bytes(bytes(1 << 20))
    size_bytes = SIZES_BYTES[0] * room
    amina = MemoryCustody(*LETTERS, receipts=[receipt_of("x")])
    went = out(tmp_path, amina, size_bytes=size_bytes)
    assert sum(path.stat().st_size for path in files_of(tmp_path)) == went.size_bytes <= size_bytes
    in_order = [one.id for one in amina.offered()]
    assert amina.handed == in_order[: went.bundles]  # the small ones
    assert went.is_full == (went.bundles < len(LETTERS))
    assert went.receipts == len(amina.handed_receipts) == (room > 0)
    assert set(on_stick(tmp_path)) == set(amina.handed)
    went = out(tmp_path, amina, size_bytes=size_bytes)
    assert sum(path.stat().st_size for path in files_of(tmp_path)) <= size_bytes


def test_receipts_go_where_there_is_no_room_for_an_inventory(tmp_path: Path) -> None:
    amina = MemoryCustody(receipts=[receipt_of("x")])
    amina.held = lambda: (Held(BundleId(number.to_bytes(32, "big")), NOW_H) for number in range(9000))  # type: ignore[method-assign]
    went = out(tmp_path, amina, size_bytes=SIZES_BYTES[0])
    assert (went.receipts, went.is_full) == (1, True)
    heard = MemoryCustody()
    carry_in(tmp_path, heard, clock_s=CLOCK_S)
    assert heard.heard == [receipt_of("x")]
    assert out(tmp_path, amina, size_bytes=SIZES_BYTES[1] + SIZES_BYTES[0]).is_full is False


def test_more_than_one_file_holds(tmp_path: Path) -> None:
    amina = MemoryCustody(*(bundle_of(number, 5) for number in range(20)))
    out(tmp_path, amina)
    assert sorted(path.stat().st_size for path in files_of(tmp_path)) == [
        SIZES_BYTES[0],
        4456448,
        SIZES_BYTES[8],
    ]
    bao = MemoryCustody()
    carry_in(tmp_path, bao, clock_s=CLOCK_S)
    assert bao.bundles == amina.bundles
    assert bao.groups == [4, 4, 4, 4, 4]  # kept together, and never more at once


def test_what_our_own_disk_has_spoilt_or_lost_is_not_written(tmp_path: Path) -> None:
    amina = MemoryCustody(*LETTERS[:3])
    amina.bundles[bundle_id(LETTERS[0])] = LETTERS[0][:-1] + b"x"
    amina.bundles[bundle_id(LETTERS[1])] = LETTERS[1][:-1]
    read = amina.read
    amina.read = lambda id: None if id == bundle_id(LETTERS[2]) else read(id)  # type: ignore[method-assign]
    assert out(tmp_path, amina).bundles == 0
    wrong = MemoryCustody(bundle_of("wrong"))
    wrong.offered = lambda: iter([Offered(bundle_id(bundle_of("wrong")), 4096)])  # type: ignore[method-assign]
    assert out(tmp_path, wrong).bundles == 0
    assert on_stick(tmp_path) == {}
    assert amina.handed == []


def test_a_file_cut_at_any_byte_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = file_with(*LETTERS[:4])
    ends, end = [], len(file_with())
    for bundle in LETTERS[:4]:
        end += 32 + len(bundle)
        ends.append(end)
    for cut in [*range(33, 2200, 97), *(end + off for end in ends for off in (-1, 0, 1))]:
        lay(tmp_path, "AAAAAAAA.DAT", whole[:cut])
        bao = MemoryCustody()
        carry_in(tmp_path, bao, clock_s=CLOCK_S)
        assert set(bao.bundles) == {bundle_id(LETTERS[n]) for n in range(4) if ends[n] <= cut}


def test_what_was_cut_off_is_written_again_and_goes(tmp_path: Path) -> None:
    cut = lay(tmp_path, "AAAAAAAA.DAT", file_with(*LETTERS[:4])[:7000])
    amina = MemoryCustody(*LETTERS[:4])
    assert out(tmp_path, amina).bundles == 4
    assert not cut.exists()
    theirs = lay(tmp_path, "AAAAAAAA.DAT", file_with(bundle_of("theirs"))[:-1] + b"x")
    lay(tmp_path, "BBBBBBBB.DAT", file_with(bundle_of("theirs too")))
    out(tmp_path, amina)
    assert not theirs.exists()  # nothing in it can be read
    assert bundle_id(bundle_of("theirs too")) in on_stick(tmp_path)


def test_nothing_there_and_nothing_to_carry(tmp_path: Path) -> None:
    assert carry_in(tmp_path, MemoryCustody(), clock_s=None).bundles == 0
    assert os.listdir(tmp_path) == []
    assert out(tmp_path, MemoryCustody()).size_bytes == 0
    assert files_of(tmp_path) == []


WAYS: list[Callable[[Path], object]] = [
    lambda place: carry_in(place, MemoryCustody(), clock_s=None),
    lambda place: carry_out(place, MemoryCustody(), Chance(), clock_s=None),
    lambda place: exchange(place, MemoryCustody(), Chance(), clock_s=None),
]


@pytest.mark.parametrize("way", WAYS)
def test_no_such_place(tmp_path: Path, way: Callable[[Path], object]) -> None:
    (tmp_path / "file").touch()
    for place, why in ((tmp_path / "none", "it is not there"), (tmp_path / "file", "something else stands")):
        with pytest.raises(EnvironmentProblem, match=why) as raised:
            way(place)
        assert raised.value.safe
        assert raised.value.do
    assert os.listdir(tmp_path) == ["file"]


def test_what_came_in_has_come_in_although_nothing_can_go_out(tmp_path: Path) -> None:
    out(tmp_path, MemoryCustody(*LETTERS))
    bao = MemoryCustody()

    def refuse() -> list[bytes]:
        raise EnvironmentProblem("Full.", safe="Nothing else.", do="Wait.")

    bao.own_inventories = refuse  # type: ignore[method-assign]
    with pytest.raises(EnvironmentProblem) as raised:
        exchange(tmp_path, bao, Chance(), clock_s=CLOCK_S)
    assert raised.value.safe == "What was on the stick was taken in. Nothing else."
    assert len(bao.bundles) == len(LETTERS)


def test_a_folder_that_was_copied_by_hand_is_read(tmp_path: Path) -> None:
    """With names in small letters, as some systems show those of FAT."""
    out(tmp_path, MemoryCustody(*LETTERS))
    for path in files_of(tmp_path):
        path.rename(path.with_name(path.name.lower()))
    bao = MemoryCustody()
    carry_in(tmp_path, bao, clock_s=CLOCK_S)
    assert len(bao.bundles) == len(LETTERS)
