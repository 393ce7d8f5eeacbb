"""Own bundles in a meeting, and the copies of large ones: what shows to nobody whose they are (C1)."""

from core.custody.custody_kit import (
    HOUR,
    LARGE,
    Person,
    bundle,
    contact,
    drawn,
    meet,
    meeting,
    person,
    receipt,
)
from satchel.core.bundles.header import BundleId, bundle_id, decode_header
from satchel.core.custody.copies import draw
from satchel.core.custody.copies import given as copies_given
from satchel.core.custody.kept import Show, Source
from satchel.core.custody.messages import Block, Offer


def test_an_own_letter_goes_to_its_reader_at_once_and_is_shown_to_nobody() -> None:
    """C1, M2: who else asks for it by its id is told what is told of any id."""
    letter = bundle("letter", LARGE)
    amina, bo, chi = person("amina"), Person("bo"), Person("chi")
    id = amina.write(letter, shown=False)
    met = meet(amina, chi)
    assert not [message for message in met.one.said if isinstance(message, Offer)]
    assert not chi.ids
    prying = meeting(amina, chi)
    prying.run()
    prying.other.do(prying.other.exchange.need([id, BundleId(drawn("nothing", 32))]))
    prying.run()
    assert [message.numbers for message in prying.one.said if hasattr(message, "numbers")] == [(0, 1)]
    met = meeting(amina, bo, direct=[id]).run()
    assert bo.opened == [id]
    assert not bo.ids  # it is not among what it carries
    assert [(one.id, one.direct, one.copies) for one in met.one.handed_over] == [(id, True, 0)]
    [first] = [m for m in met.one.said if isinstance(m, Block) and not m.place]
    assert decode_header(first.data).copies == 1
    assert amina.shelf.rows[id].header.copies == 24


def test_who_got_a_letter_from_its_writer_takes_it_from_carriers_as_well() -> None:
    """C1: else a carrier that offers it would see who has opened it."""
    letter = bundle("letter")
    amina, bo, chi = person("amina"), Person("bo"), person("chi", [letter])
    meeting(amina, bo, direct=[amina.write(letter)]).run()
    meet(chi, bo)
    assert bundle_id(letter) in bo.ids


def test_the_last_copy_is_handed_on_and_not_kept() -> None:
    """Else one of the two goes to everybody: a copy is one bundle somewhere, until its reader comes by."""
    large = bundle("large", LARGE, copies=1)
    amina, bo, chi = person("amina", [large]), Person("bo"), Person("chi")
    meet(amina, bo)
    assert not amina.ids
    assert bo.shelf.rows[bundle_id(large)].header.copies == 1
    meet(amina, bo)
    assert not amina.ids  # nor does it come back
    meet(bo, chi)
    meet(chi, amina)
    assert (amina.ids, bo.ids, chi.ids) == (set(), set(), {bundle_id(large)})


def test_a_cut_before_the_word_of_the_other_loses_no_copy() -> None:
    large = bundle("large", LARGE, copies=1)
    for cut_after in range(30):
        amina, bo = person("amina", [large]), Person("bo")
        meet(amina, bo, cut_after=cut_after)
        assert amina.ids | bo.ids == {bundle_id(large)}


def test_c1_an_own_letter_without_copies_still_goes_to_its_reader() -> None:
    large = bundle("large", LARGE, copies=1)
    amina, bo, chi = person("amina"), Person("bo"), Person("chi")
    id = amina.write(large)
    meet(amina, chi)
    assert chi.ids == {id}
    assert not amina.shelf.rows[id].offered
    assert not meet(amina, Person("dee")).other.arrived
    meeting(amina, bo, direct=[id]).run()
    assert bo.opened == [id]


def test_c1_the_same_contact_is_given_the_same_number_however_often_it_breaks_off() -> None:
    """Else it would draw until it knows how many there are."""
    large = bundle("large", LARGE, copies=29)
    amina = person("amina", [large])
    written: list[int] = []
    for name in ("bo", "chi", "dee"):
        chance = draw(drawn(("key", "amina"), 32), bundle_id(large), contact(name))
        for _ in range(6):
            met = meet(amina, Person(name), cut_after=7)
            seen = {m.data[4] for m in met.one.said if isinstance(m, Block) and not m.place}
            assert seen == {copies_given(29, chance)}
        written += seen
    assert len(set(written)) > 1


def test_what_is_written_for_a_clockless_reader_goes_directly() -> None:
    """Bundle 5.1: it says 0, and no carrier is offered it."""
    letter = bundle("letter", hours=-HOUR)
    amina, bo = person("amina"), Person("bo")
    id = amina.write(letter, shown=False)
    meeting(amina, bo, direct=[id]).run()
    assert bo.opened == [id]


def test_own_ones_are_told_of_their_receipts_and_stay_until_those_are_released() -> None:
    """Receipt 3.3: what was told to the writer shows to nobody who that is."""
    letter = bundle("letter")
    amina, bo = person("amina"), person("bo")
    id = amina.write(letter)
    met = meeting(bo, amina, receipts=[receipt("letter")]).run()
    assert amina.delivered == [id]
    met.one.do(met.one.exchange.pass_on([receipt("letter")], now_s=met.one.person.now_s))
    met.run()
    assert amina.delivered == [id]  # once in a session is enough
    assert id in amina.ids
    amina.shelf.apply(amina.custody.release(id, decode_header(letter), receipt("letter").preimage))
    assert not amina.ids
    assert amina.shelf.gone[id].ingress is Source.OWN
    chi = person("chi", [letter])
    meet(amina, chi)
    assert not chi.ids


def test_who_opened_what_came_directly_can_release_its_receipt() -> None:
    letter = bundle("letter")
    bo, chi = Person("bo"), person("chi", [letter])
    id, header = bundle_id(letter), decode_header(letter)
    bo.shelf.apply(bo.custody.release(id, header, receipt("letter").preimage))
    meet(chi, bo)
    assert not chi.ids
    assert not bo.ids


def test_what_is_shown_later_is_offered_then() -> None:
    amina, bo = person("amina"), Person("bo")
    id = amina.write(bundle("letter"), shown=False)
    met = meeting(bo, amina).run()
    amina.shelf.apply([Show(id=id, offered=True)])
    met.other.do(met.other.exchange.offer([id], now_s=met.other.person.now_s))
    met.run()
    assert bo.ids == {id}
