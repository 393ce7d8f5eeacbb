"""T2, W4: who takes the devices, with every key in them, and has recorded all that travelled before."""

from collections.abc import Iterable
from pathlib import Path

from node.letters.office_kit import Person, id_of, meet, pair_up, pass_time, people
from satchel.core.bundles.header import decode_bundle
from satchel.core.sealing.chain import Entry
from satchel.core.sealing.listening import WINDOW
from satchel.core.sealing.seal import unseal

DAY_H = 24


def recorded(carrier: Person) -> dict[bytes, bytes]:
    """All that a carrier holds at this moment, by tag."""
    bundles = carrier.desk.bundles
    found = [bundles.read(id) for _, id in bundles.rows()]
    return {decode_bundle(one).tag: one for one in found if one is not None}


def derived(device: Person) -> list[Entry]:
    """Every entry that follows from what is stored, of both directions, as far as any window reaches."""
    entries: list[Entry] = []
    for contact in device.desk.contacts.all():
        chains = device.desk.chains
        for place in (chains.listening(contact.id).place, chains.speaking(contact.id).place):
            for _ in range(WINDOW):
                entry, place = place.step()
                entries.append(entry)
        stored = (chains.entry(contact.id, number) for number, _ in chains.tags(contact.id))
        entries += [entry for entry in stored if entry is not None]
    return entries


def opens(devices: Iterable[Person], traffic: dict[bytes, bytes]) -> set[bytes]:
    """Tags of recorded bundles that a thief of these devices names or opens."""
    entries = [entry for device in devices for entry in derived(device)]
    named = {entry.tag for entry in entries} & traffic.keys()
    return named | {
        entry.tag for entry in entries if entry.tag in traffic and unseal(entry, traffic[entry.tag])
    }


def test_what_was_opened_names_nobody_and_opens_no_more(tmp_path: Path) -> None:
    with people(tmp_path, "amina", "bilal", "carla") as made:
        amina, bilal, carla = made
        pair_up(amina, bilal)
        pair_up(bilal, carla)
        pair_up(amina, carla)
        for text in ("the first", "the second", "the third"):
            amina.office.write(id_of("carla"), text)
        pass_time(1.1, *made)
        meet(amina, bilal)
        traffic = recorded(bilal)
        assert len(traffic) == 3
        assert opens([carla], traffic) == traffic.keys()  # the search finds what can still be opened
        assert not opens([amina], traffic)  # who has written keeps no key
        meet(bilal, carla)
        assert len(carla.texts(amina)) == 3
        for letter in carla.letters(amina):
            carla.office.delete(id_of("amina"), letter.id)
        assert not opens([amina, carla], traffic)
        assert carla.texts(amina) == []


def test_what_was_passed_long_ago_opens_no_more(tmp_path: Path) -> None:
    with people(tmp_path, "amina", "bilal", "carla") as made:
        amina, bilal, carla = made
        pair_up(amina, bilal)
        pair_up(amina, carla)
        amina.office.write(id_of("carla"), "lost on its way")
        pass_time(1.1, *made)
        meet(amina, bilal)
        traffic = recorded(bilal)
        amina.office.write(id_of("carla"), "by hand")
        [first, second] = amina.letters(carla)
        amina.office.delete(id_of("carla"), first.id)
        meet(amina, carla)
        assert carla.texts(amina) == ["by hand"]
        assert second.id != first.id
        assert opens([carla], traffic) == traffic.keys()
        for _ in range(37):
            pass_time(DAY_H, carla)
        assert not opens([carla], traffic)
