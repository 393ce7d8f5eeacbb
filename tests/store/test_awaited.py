"""Of what is remembered: whose receipts contacts are asked for (custody 6.10)."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Receipted, Remember, Source
from satchel.store.custody_schema import CUSTODY_LADDER
from satchel.store.database import Database
from store.contact_samples import AMINA
from store.letter_samples import Desk, carried, desk
from store.record_samples import KEY
from store.test_bundles import past_of


def test_what_is_awaited_is_large_and_has_no_receipt(tmp_path: Path) -> None:
    """In order from any place on, after a new start, too; one of each commitment."""
    large = [replace(past_of(carried(number)[0]), is_large=True) for number in range(9)]
    twin = replace(large[0], id=BundleId(bytes(32)))
    small, over = past_of(carried(20)[0]), carried(8)
    with desk(tmp_path / "profile") as one:
        one.bundles.apply([Remember(past=past) for past in (*large, twin, small)])
        one.bundles.apply([Receipted(commitment=large[8].commitment, preimage=over[1])])
        assert one.bundles.past(large[0].id) == replace(large[0], ingress=AMINA)
    marks = sorted(past.commitment for past in large[:8])
    with desk(tmp_path / "profile") as again:
        assert again.bundles.awaited(bytes(20), 100) == marks
        assert again.bundles.awaited(marks[5], 100) == marks[5:] + marks[:5]
        assert again.bundles.awaited(marks[5], 6) == marks[5:] + marks[:3]
        assert again.bundles.awaited(marks[5], 2) == marks[5:7]


def test_what_an_earlier_version_carried_is_here_in_this_one(tmp_path: Path) -> None:
    before, after = past_of(carried(1)[0]), replace(past_of(carried(2)[0]), is_large=True)
    with (
        closing(Database.open(tmp_path / "more", KEY, CUSTODY_LADDER[:1], is_large=True)) as old,
        old.changing() as connection,
    ):
        connection.execute(
            "INSERT INTO past (id, commitment, expiry_hour, ingress) VALUES (?, ?, ?, 0)",
            (before.id, before.commitment, before.expiry_hour),
        )
    with (
        closing(Database.open(tmp_path / "more", KEY, CUSTODY_LADDER, is_large=True)) as custody,
        closing(Database.in_memory()) as database,
    ):
        one = Desk(tmp_path, database, custody)
        one.bundles.apply([Remember(past=after)])
        one.bundles.forget_untried()
        assert one.bundles.past(before.id) == replace(before, ingress=Source.STICK)
        assert one.bundles.awaited(bytes(20), 9) == [after.commitment]
