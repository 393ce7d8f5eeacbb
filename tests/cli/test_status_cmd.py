"""What `satchel status` says of letters that are carried: amounts, and nothing of whom (C1, T1; cli 1.13)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.letters_kit import letters_of_two
from cli.node_kit import Served
from satchel.cli.post import Post
from satchel.cli.status_cmd import about_carried, last_line
from satchel.store.settings import SqliteSettings
from store.contact_samples import AMINA, BILAL
from store.letter_samples import carried, desk_in_memory, id_of, keep


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with letters_of_two(tmp_path / "profile") as running:
        yield running


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, []),
        ({"others": 0, "own": 0, "room": 500_000_000}, []),
        (
            {"others": 3_200_000, "own": 0, "room": 500_000_000},
            ["Letters of others that you carry: 3.2 MB, of 500 MB at most."],
        ),
        (
            {"others": 4_096, "own": 2_048, "room": 2_000_000_000},
            [
                "Letters of others that you carry: 4.1 kB, of 2.0 GB at most.",
                "Your own letters on their way: 2.0 kB.",
            ],
        ),
    ],
)
def test_a_person_reads_how_much(told: dict[str, int] | None, said: list[str]) -> None:
    assert about_carried(told) == said


def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    with desk_in_memory(tmp_path) as desk:
        post = Post(tmp_path, desk.database, desk.contacts, SqliteSettings(desk.database))
        assert post.carried() == {"others": 0, "own": 0, "room": post.others_bytes(0)}
        assert not list(tmp_path.iterdir())


def test_c1_a_script_reads_sums_alone(served: Served) -> None:
    """Whoever brought it, and whoever it is for."""
    post = served.profile.post
    post.office.write(AMINA, "Come on Monday")  # and what was kept is sealed, too
    bundles = [(carried(1)[0], AMINA), (carried(2, 65_536)[0], AMINA), (carried(3)[0], BILAL)]
    for bundle, ingress in bundles:
        post.bundles.apply([keep(bundle, ingress)], {id_of(bundle): bundle})
    sums = {"others": 2_048 + 65_536 + 2_048, "own": 2 * 2_048, "room": 500_000_000}
    assert post.carried() == post.office.carried() == sums


@pytest.mark.parametrize(("own", "said"), [(0, "Nothing waits."), (2_048, "Nothing else waits.")])
def test_who_has_letters_on_their_way_does_not_read_that_nothing_waits(own: int, said: str) -> None:
    carried = {"others": 0, "own": own, "room": 500_000_000}
    assert last_line({"waiting": [], "asked": [], "carried": carried}) == said
    assert last_line({"waiting": [], "asked": []}) == "Nothing waits."  # a node of before
