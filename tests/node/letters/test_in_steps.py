"""What a contact brings or says holds up nobody else, and leaves nothing in memory for ever (M3)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from node.letters.test_liars import Liar, carried_by
from node.letters.test_nothing_shows import arrived, hour_of
from satchel.core.bundles.failures import FAILURES_MAX
from satchel.core.bundles.header import BundleId
from satchel.core.custody.kept import Kept
from satchel.core.custody.messages import Begin
from satchel.core.identity.clocks import Reading
from satchel.core.sealing.chain import CATCH_UP_MAX, JUMP, Speaking
from satchel.core.sealing.letter import Attachment
from satchel.core.sealing.listening import SKIPPED_MAX, WINDOW, Change, Listening
from satchel.errors import EnvironmentProblem
from satchel.node.letters import recognising
from satchel.node.letters.office import PostOffice
from store.letter_samples import sealed_part


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Person]]:
    """Amina and Carla know each other and Bilal, who carries."""
    with people(tmp_path, "amina", "bilal", "carla") as made:
        for one, other in ((0, 1), (1, 2), (0, 2)):
            pair_up(made[one], made[other])
        yield made


def written(three: list[Person], count: int) -> list[bytes]:
    amina, bilal, _ = three
    for number in range(count):
        amina.office.write(id_of("carla"), f"Hello {number}")
    pass_time(1.1, *three)
    meet(amina, bilal)
    return [bundle for _, bundle in carried_by(bilal)]


def test_m3_very_many_letters_that_came_at_once_are_opened_in_steps(three: list[Person]) -> None:
    amina, _, carla = three
    count = 2 * recognising.OPENED_AT_ONCE + 3
    carla.office.take_in(id_of("bilal"), arrived(*written(three, count)))
    carla.office.wake()
    opened = [len(carla.texts(amina))]
    while carla.office.prepare():
        opened.append(len(carla.texts(amina)))
    opened.append(len(carla.texts(amina)))
    assert opened == [recognising.OPENED_AT_ONCE, 2 * recognising.OPENED_AT_ONCE, count]


def test_m3_very_many_twins_of_one_tag_are_looked_at_in_steps(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a start all of them are to be looked at once more, and each is forged without a key."""
    carla = three[2]
    (bundle,) = written(three, 1)
    twins = [bundle[:-2] + number.to_bytes(2, "big") for number in range(100)]
    with monkeypatch.context() as patched:
        patched.setattr(PostOffice, "prepare", lambda _office: False)
        carla.begin()
        carla.office.take_in(id_of("bilal"), arrived(*twins))
        carla.begin()
    monkeypatch.setattr(recognising, "LOOKED_AT_ONCE", 10)
    monkeypatch.setattr(recognising, "TAGS_AT_ONCE", 30)
    looked_up: list[BundleId] = []
    kept = carla.desk.bundles.kept

    def noting(id: BundleId) -> Kept | None:
        looked_up.append(id)
        return kept(id)

    monkeypatch.setattr(carla.desk.bundles, "kept", noting)
    steps = []
    is_more = True
    while is_more:
        before = len(looked_up)
        is_more = carla.office.prepare()
        steps.append(len(looked_up) - before)
    assert max(steps) == 10
    assert len(set(looked_up)) == len(twins)
    assert len(twins) > FAILURES_MAX


def test_m3_what_was_told_and_given_is_forgotten_with_its_receipt(three: list[Person]) -> None:
    """A program that runs for years would else remember every letter."""
    amina, _, carla = three
    amina.office.write(id_of("carla"), "Hello")
    meet(amina, carla)
    meet(amina, carla)
    releasing = carla.office._releasing
    assert releasing._told
    assert amina.office._given
    pass_time(2, *three)
    assert releasing._told
    pass_time(40 * 24, *three)
    assert not releasing._told
    assert not amina.office._given


def test_m3_who_tells_numbers_far_ahead_holds_up_nobody(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the session begins: some 65,000 steps of each chain, the first time as each time later."""
    carla = three[2]
    was_free: list[bool] = []
    told, reach = Speaking.told, Listening.reach

    def try_turn() -> None:
        was_free.append(carla.office.turn.acquire(timeout=1))
        if was_free[-1]:
            carla.office.turn.release()

    def somebody_else() -> None:
        other = threading.Thread(target=try_turn)
        other.start()
        other.join()

    def telling(speaking: Speaking, highest: int) -> Speaking:
        somebody_else()
        return told(speaking, highest)

    def reaching(listening: Listening, following: int, now: Reading) -> Change | None:
        somebody_else()
        return reach(listening, following, now)

    monkeypatch.setattr(Speaking, "told", telling)
    monkeypatch.setattr(Listening, "reach", reaching)
    far = Begin(highest=CATCH_UP_MAX - 1, next=CATCH_UP_MAX)
    Liar(carla, "bilal", begin=far)
    assert was_free == [True, True]
    bilal = id_of("bilal")
    assert carla.desk.chains.speaking(bilal).known == CATCH_UP_MAX - 1
    assert carla.desk.chains.listening(bilal).highest == CATCH_UP_MAX - 1


def test_a_chain_that_moves_while_it_is_led_on_is_led_on_once_more(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes to that contact in the same moment: its number is not used twice."""
    _, bilal, carla = three
    reach = Listening.reach

    def reaching(listening: Listening, following: int, now: Reading) -> Change | None:
        monkeypatch.setattr(Listening, "reach", reach)
        carla.office.write(id_of("bilal"), "Hello")
        return reach(listening, following, now)

    monkeypatch.setattr(Listening, "reach", reaching)
    Liar(carla, "bilal", begin=Begin(highest=5000, next=1))
    assert carla.desk.chains.speaking(id_of("bilal")).place.number == 5000 + JUMP + 1
    assert len(carla.desk.bundles.to(id_of("bilal"))) == 1
    assert bilal.texts(carla) == []


def test_m3_numbers_that_are_left_behind_are_not_awaited_any_more(three: list[Person]) -> None:
    """A contact that leads on again and again would fill the memory."""
    carla, bilal = three[2], id_of("bilal")
    before = carla.desk.chains.listening(bilal).place.tags(WINDOW)[0]
    following = 1
    for _ in range(2):
        following += 2 * SKIPPED_MAX
        carla.office.end(Liar(carla, "bilal", begin=Begin(highest=0, next=following)).session)
        is_awaited = carla.office._unsealing.is_awaited
        assert not any(map(is_awaited, before))
        stored = [tag for _, tag in carla.desk.chains.tags(bilal)]
        assert len(stored) == SKIPPED_MAX
        place = carla.desk.chains.listening(bilal).place
        before = stored + place.tags(place.number + WINDOW)[0]
        assert all(map(is_awaited, before))


def test_m3_numbers_that_letters_pass_over_for_good_are_not_awaited_any_more(three: list[Person]) -> None:
    """Each letter of a contact may pass over three thousand."""
    carla, amina = three[2], id_of("amina")
    before = carla.desk.chains.listening(amina).place.tags(2 * WINDOW)[0]
    for _ in range(3):
        place = carla.desk.chains.listening(amina).place
        entry, _ = place.at(place.number + WINDOW - 1).step()
        carla.office.take_in(id_of("bilal"), arrived(sealed_part(entry, b"", hour=hour_of(carla)).bundle))
        carla.wake()
    assert carla.desk.chains.listening(amina).highest == 3 * WINDOW
    is_awaited = carla.office._unsealing.is_awaited
    assert sum(map(is_awaited, before)) == len(carla.desk.chains.tags(amina)) - (WINDOW - 1)


def test_w3_a_disk_that_fails_while_tags_are_read_costs_no_letter(
    three: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    amina, _, carla = three
    (bundle,) = written(three, 1)
    with monkeypatch.context() as patched:
        patched.setattr(PostOffice, "prepare", lambda _office: False)
        carla.office.take_in(id_of("bilal"), arrived(bundle))
        carla.begin()

    def failing(_tag: bytes) -> Iterator[Kept]:
        raise EnvironmentProblem("The disk does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(carla.desk.bundles, "with_tag", failing)
        with pytest.raises(EnvironmentProblem):
            carla.prepare()
    carla.prepare()
    assert carla.texts(amina) == ["Hello 0"]


def test_w3_what_never_became_whole_leaves_its_room_to_later_letters(three: list[Person]) -> None:
    """letter 2.8: else they would stay sealed until the program starts anew."""
    amina, bilal, carla = three
    carla.room_bytes = 1_000_000
    film = Attachment(name=b"film", content=bytes(3_000_000))
    amina.office.write(id_of("carla"), "Hello", attachments=[film])
    pass_time(1.1, *three)
    meet(amina, bilal)
    part = max((bundle for _, bundle in carried_by(bilal)), key=len)
    carla.office.take_in(id_of("bilal"), arrived(part))
    carla.wake()
    pass_time(40 * 24, *three)
    amina.office.write(id_of("carla"), "Hello again")
    meet(amina, carla)
    assert carla.texts(amina) == ["Hello again"]
