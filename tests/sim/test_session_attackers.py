"""Sessions of contacts beside who replays what was recorded, sits between the two, or has a copy of a disk
(session 3, 5, 8)."""

from dataclasses import replace
from functools import partial

import pytest

from fuzz.noise_peer import NoisePeer
from satchel.core.crypto.curve import x25519_public
from satchel.core.crypto.kdf import mac
from satchel.core.identity.epochs import Use
from satchel.core.session.contact import listening_keys
from satchel.core.session.flight import ANSWER_FILL_BYTES, FLIGHT_BYTES, VERSION, check_flight
from satchel.core.session.frames import LENGTH_BYTES, Opener
from satchel.core.session.handshake import Purpose
from satchel.errors import PeerError
from satchel.sim.contacts import befriend, common_epoch, dial
from satchel.sim.device import START_S
from satchel.sim.line import Trouble
from satchel.sim.sessions import Node, Side
from satchel.sim.wire import Place, Tape, Wire, place
from satchel.sim.world import World
from sim.session_attackers import STRANGER, Meddler, Opened, Stranger, replay

DAY_S = 86_400
TODAY = START_S // DAY_S
SEEDS = 12
TROUBLES = {
    "cut": Trouble(cut=0.15),
    "lost": Trouble(lose=0.15),
    "repeated": Trouble(repeat=0.2),
    "late": Trouble(late=0.2),
    "changed": Trouble(change=0.15),
    "replaced by what was recorded": Trouble(replace=0.15),
    "all": Trouble(cut=0.03, lose=0.03, repeat=0.03, late=0.03, change=0.03, replace=0.03),
}


class Two:
    """Two contacts, and another device that knows neither."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.wire = Wire(self.world)
        self.one, self.other = befriend(Node(self.wire), Node(self.wire))
        self.foreign = Node(self.wire)
        befriend(self.foreign, Node(self.wire))
        self.texts = 0

    @property
    def both(self) -> tuple[Side, Side]:
        return self.one, self.other

    def run(self, within_s: float) -> None:
        self.world.run(self.world.now_s + within_s, self.check)

    def check(self) -> None:
        """After every event: nobody on the way makes a contact look guilty, or a copy, or lost."""
        for side, there in (self.both, self.both[::-1]):
            assert common_epoch(side, there) is not None
            assert side.problems == []
            assert side.shown == []
            assert len(side.ready) <= 1
            for session, heard in side.heard.items():
                assert heard == there.written[session][: len(heard)]

    def session(self, caller: Side, listener: Side, *, typed: bool = False) -> None:
        """One that opens, says something and breaks."""
        dial(caller, listener.node.place, typed=typed)
        self.run(8.0)
        self.assert_open()
        self.write()
        self.run(2.0)
        caller.node.lose_power()
        self.run(20.0)

    def write(self) -> None:
        for side in self.both:
            self.texts += 1
            side.write(b"%d" % self.texts)

    def assert_open(self) -> None:
        assert len(self.one.ready) == 1
        assert self.one.ready == self.other.ready

    def meet(self, days: int) -> None:
        """A session by either caller each day, to a place that was heard or typed."""
        for day in range(days):
            for typed in (False, True):
                caller, listener = self.both if self.world.chance.random() < 0.5 else self.both[::-1]
                self.session(caller, listener, typed=typed)
            if day < days - 1:
                self.run(DAY_S)

    def kept(self) -> object:
        return [side.kept for side in self.both]


def assert_silent(two: Two, tapes: list[Tape], *nodes: Node) -> None:
    """No byte is answered there, for a minute."""
    for node in nodes:
        assert max(replayed(two, tapes, node)) == 0


def replayed(two: Two, tapes: list[Tape], node: Node) -> list[int]:
    """How many bytes were answered to each connection."""
    before = len(two.wire.tapes)
    strangers = replay(two.wire, tapes, node.place)
    two.run(60.0)
    assert all(stranger.is_over for stranger in strangers)
    return [len(b"".join(tape.back)) for tape in two.wire.tapes[before:]]


def test_p1_p2_what_was_recorded_is_answered_nowhere_and_never() -> None:
    """P1, P2: each flight, alone and with all that followed it, at either side, at somebody else, under other
    addresses, after a restart, and three days later."""
    for seed in range(SEEDS):
        two = Two(seed)
        two.meet(days=2)
        tapes, kept = list(two.wire.tapes), two.kept()
        one, other = two.one.node, two.other.node
        assert all(len(tape.back) > 1 for tape in tapes)  # each of them was a session
        assert_silent(two, tapes, one, other, two.foreign)
        for node in (one, other):
            node.lose_power()
        assert_silent(two, tapes, one, other)
        places = one.place, other.place
        one.move(two.wire.new_place())
        other.move(places[0])
        assert_silent(two, tapes, one, other)
        other.move(places[1])
        one.move(places[0])
        two.run(3 * DAY_S)
        assert_silent(two, tapes, one, other)
        assert two.kept() == kept
        two.session(two.one, two.other)
        assert_silent(two, tapes, one, other)


def test_p1_p2_a_replay_in_the_middle_of_a_session_leaves_it_alone() -> None:
    for seed in range(SEEDS):
        two = Two(seed)
        dial(two.one, two.other.node.place)
        while not two.wire.tapes[0].back:
            two.run(0.01)
        for _ in range(20):
            two.run(two.world.chance.uniform(0, 0.1))
            replay(two.wire, two.wire.tapes[:1], two.other.node.place)
        two.run(8.0)
        two.assert_open()
        assert all(tape.back == [] for tape in two.wire.tapes[1:])


def test_p2_who_overtakes_a_flight_has_the_answer_and_no_session() -> None:
    """The limit of session 8.4: that flight is spoiled, the next one is good."""
    overtook = 0
    for seed in range(SEEDS):
        two = Two(seed)
        kept = two.other.kept
        dial(two.one, two.other.node.place)
        stranger = Stranger(two.wire, two.other.node.place)
        stranger.say(two.wire.tapes[0].there)
        two.run(20.0)
        if stranger.got:
            overtook += 1
            assert len(stranger.got) == FLIGHT_BYTES
            assert two.other.kept == kept
            assert two.wire.tapes[0].back == []
        two.session(two.one, two.other)
    assert 0 < overtook < SEEDS


def test_p1_p2_behind_a_restored_copy_a_replay_gets_an_answer_at_most_and_no_session() -> None:
    """P2; and the limit of P1 that session 8.5 tells: used keys of since the copy are forgotten with it. What
    was recorded before the copy gets nothing, and no replay is believed, whatever follows it."""
    answered = 0
    for seed in range(SEEDS):
        two = Two(seed)
        two.meet(days=1)
        copy, before = two.other.node.disk.copy(), len(two.wire.tapes)
        two.meet(days=1)
        tapes = list(two.wire.tapes)
        two.other.node.restore(copy)
        kept = two.other.kept
        assert_silent(two, tapes[:before], two.other.node)
        answers = replayed(two, tapes[before:], two.other.node)
        assert set(answers) <= {0, FLIGHT_BYTES}
        answered += sum(answers)
        assert two.other.kept == kept
        assert_silent(two, tapes, two.other.node)  # once
    assert answered


def test_p1_behind_a_restored_copy_no_replay_is_answered_once_the_epoch_is_over() -> None:
    for seed in range(SEEDS):
        two = Two(seed)
        two.meet(days=1)
        copy = two.other.node.disk.copy()
        two.meet(days=1)
        tapes = list(two.wire.tapes)
        two.run(3 * DAY_S)
        two.other.node.restore(copy)
        two.one.shown.clear()
        dial(two.one, two.other.node.place)
        two.world.run(two.world.now_s + 8.0)
        two.assert_open()
        assert (len(two.one.shown), len(two.other.shown)) == (1, 1)
        two.one.shown.clear()
        two.other.shown.clear()
        assert_silent(two, tapes, two.other.node)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_p2_who_sits_between_spoils_sessions_and_changes_no_word(trouble: Trouble) -> None:
    """P2: what is heard in a session is what was said in it, from the first word on, in order and once;
    nobody is taken for guilty or for a copy; and when it ends, they meet."""
    meddled = 0
    for seed in range(SEEDS):
        two = Two(seed)
        meddler = Meddler(two.wire, replace(trouble))
        for _ in range(8):
            caller, listener = two.both if two.world.chance.random() < 0.5 else two.both[::-1]
            dial(caller, listener.node.place, typed=two.world.chance.random() < 0.5)
            for _ in range(8):
                two.run(two.world.chance.uniform(0, 1.5))
                two.write()
        meddled += meddler.meddled
        two.wire.between = None
        two.run(40.0)
        two.session(two.one, two.other)
    assert meddled > SEEDS


def test_p3_a_flood_of_replays_keeps_no_contact_away() -> None:
    """P3: a hundred connections a second, from one address and from ever new ones."""
    for seed in range(4):
        two = Two(seed)
        two.meet(days=1)
        for number in range(1000):
            source = STRANGER if number % 2 else place(number % 256).address
            tape = two.world.chance.choice(two.wire.tapes[:2])
            stranger = Stranger(two.wire, two.other.node.place, source)
            two.world.at(two.world.now_s + 0.01 * number, partial(stranger.say, tape.there[:1]))
        two.run(3.0)
        dial(two.one, two.other.node.place)
        two.run(4.0)
        two.assert_open()


# --- who has a copy of a disk -------------------------------------------------------------------------


def openers(two: Two, tape: Tape) -> list[tuple[Opener, Opener]]:
    """What a thief of both disks can make of one recorded connection: it recognises the flight, and answers
    it as the listener would."""
    found = []
    for side in two.both:
        keys = listening_keys(side.contact, side.pair, range(side.kept.epochs.listening.epoch, TODAY + 9))
        address, port = bytes(tape.place.address), tape.place.port
        if (flight := check_flight(tape.there[0], keys=keys, address=address, port=port)) is not None:
            _, made = flight.accept(ephemeral=two.world.chance.randbytes(32), fill=bytes(ANSWER_FILL_BYTES))
            found.append((Opener(made.receive), Opener(made.send)))
    return found


def opens(opener: Opener, frame: bytes) -> bool:
    try:
        opener.open(memoryview(frame)[LENGTH_BYTES:], bytearray(len(frame)))
    except PeerError:
        return False
    return True


def test_w4_who_steals_both_disks_opens_no_session_that_was_recorded() -> None:
    """W4: and recognises none of before the last epoch but two that both agreed on."""
    recognised = 0
    for seed in range(SEEDS):
        two = Two(seed)
        two.one.talk = two.other.talk = Opened
        Opened.keys.clear()
        two.meet(days=2)
        two.run(3 * DAY_S)
        old = len(two.wire.tapes)
        two.meet(days=1)
        for number, tape in enumerate(two.wire.tapes):
            made = openers(two, tape)
            assert bool(made) is (number >= old)
            recognised += bool(made)
            for there, back in made:
                assert not opens(there, tape.there[1])
                assert not opens(back, tape.back[1])
        # That these are the frames, and that who has the keys of the session itself does open them.
        assert all(
            any(opens(Opener(keys.receive), tape.there[1]) for keys in Opened.keys) for tape in two.wire.tapes
        )
    assert recognised


def test_p2_who_steals_a_disk_is_nobody_else_towards_its_owner() -> None:
    """P2: with the keys of one side a first flight can be made as if the other dialled. It gets an answer,
    and nothing is believed; so who has one disk never sits between the two."""
    for seed in range(SEEDS):
        two = Two(seed)
        two.meet(days=1)
        kept = two.kept()
        victim, theirs = two.other, two.one
        epoch = victim.kept.epochs.agreed
        chain, place = victim.kept.epochs.listening.at(epoch), victim.node.place
        e = two.world.chance.randbytes(32)
        proof = mac(chain.key(Use.OPEN), VERSION + x25519_public(e) + bytes_of(place))[:16]
        # DH of the two static keys comes out the same from the victim's private and the other's public one,
        # and nothing else of the other's private key goes into a first message.
        statics = theirs.entry.statics.own, victim.entry.statics.own
        forger = NoisePeer(chain.key(Use.PSK), Purpose.CONTACT, VERSION + proof + bytes_of(place), statics)
        flight = (forger.message_1(x25519_public(e), b"") + proof).ljust(FLIGHT_BYTES, b"\0")
        stranger = Stranger(two.wire, place)
        stranger.say([flight])
        two.run(2.0)
        assert len(stranger.got) == FLIGHT_BYTES
        stranger.say(two.wire.tapes[0].there[1:])
        two.run(20.0)
        assert stranger.is_over
        assert len(stranger.got) == FLIGHT_BYTES
        assert two.kept() == kept
        two.session(two.one, two.other)


def bytes_of(place: Place) -> bytes:
    return bytes(place.address) + place.port.to_bytes(2, "big")


def test_w4_who_runs_an_old_copy_is_shown_and_the_owner_gets_back_in() -> None:
    """The limit: an opened copy is that contact, until both pair again. But it shows itself when the owner
    comes (session 5.6), and it is nothing to anybody else."""
    for seed in range(SEEDS):
        two = Two(seed)
        third, friend = befriend(Node(two.wire), two.other.node)
        two.meet(days=1)
        copy = two.one.node.disk.copy()
        two.meet(days=two.world.chance.randrange(3))
        thief = Node(two.wire)
        thief.disk = copy
        as_one = thief.add(two.one.contact, copy.entries[two.one.contact])
        before = friend.kept
        for _ in range(two.world.chance.randrange(1, 4)):
            dial(as_one, two.other.node.place)
            two.world.run(two.world.now_s + 8.0)
            assert as_one.ready == two.other.ready != set()
            thief.lose_power()
            two.world.run(two.world.now_s + 8.0)
        dial(two.one, two.other.node.place)
        two.world.run(two.world.now_s + 8.0)
        two.assert_open()
        assert two.one.shown or two.other.shown
        assert friend.kept == before
        dial(third, two.other.node.place)
        two.world.run(two.world.now_s + 8.0)
        assert third.ready == friend.ready != set()
        assert third.shown == friend.shown == []
