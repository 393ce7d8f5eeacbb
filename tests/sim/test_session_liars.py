"""M: a contact who lies inside of its session. What it says costs the pair of the two, at most, and never
another one (session 4 to 6, discovery 2 and 3)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from satchel.core.identity.epochs import EPOCHS_AHEAD_MAX, EPOCHS_KEPT_BEHIND
from satchel.core.opening.codec import CLOCK_S_MAX, COUNTER_MAX, EPOCH_MAX
from satchel.core.opening.messages import Bye, Hello, Message, Stored
from satchel.core.session.contact import EPOCHS_HEARD_MAX, USED_FLIGHTS_MAX
from satchel.sim.contacts import befriend, common_epoch, dial
from satchel.sim.device import START_S
from satchel.sim.sessions import Node, Side, Talk
from satchel.sim.wire import Wire
from satchel.sim.world import World
from sim.session_attackers import liar

DAY_S = 86_400
TODAY = START_S // DAY_S
FAR = TODAY + EPOCHS_AHEAD_MAX
SEEDS = 3
ROUNDS = 6


class Three:
    """A liar, and an honest friend of the same device. `believes`: see session_attackers.liar."""

    def __init__(self, seed: int, lie: "Lie", **believes: object) -> None:
        self.world = World(seed)
        wire = Wire(self.world)
        self.victim, liar_, friend = (Node(wire) for _ in range(3))
        self.to_liar, self.liar = befriend(self.victim, liar_)
        self.to_friend, self.friend = befriend(self.victim, friend)
        self.liar.talk = liar(lambda message: lie(self, message), **believes)
        self.sessions = 0
        self.is_sure_of_time = True

    @property
    def friends(self) -> tuple[Side, Side]:
        return self.to_friend, self.friend

    def run(self, within_s: float) -> None:
        self.world.run(self.world.now_s + within_s, self.check)

    def check(self) -> None:
        """After every event: of the friends nobody lost anything; of the liar no more is kept than the spec
        says."""
        for side, there in (self.friends, self.friends[::-1]):
            assert common_epoch(side, there) is not None
            assert (side.problems, side.shown) == ([], [])
            assert side.kept.epochs.agreed <= TODAY + self.world.now_s // DAY_S + 1
        assert self.victim.reading().plausible is self.is_sure_of_time
        kept, used = self.to_liar.kept, self.to_liar.entry.used
        assert kept.epochs.agreed <= min(EPOCH_MAX, TODAY + self.sessions * (EPOCHS_AHEAD_MAX + 2))
        assert max(kept.counter, kept.heard) <= COUNTER_MAX
        assert len(used) <= EPOCHS_HEARD_MAX + EPOCHS_KEPT_BEHIND
        assert all(len(flights) <= USED_FLIGHTS_MAX for flights in used.values())
        assert len(self.to_liar.ready) <= 1

    def meet(self, caller: Side, listener: Side) -> bool:
        dial(caller, listener.node.place)
        self.run(8.0)
        assert len(caller.ready) <= 1
        return caller.ready == listener.ready != set()

    def lies(self) -> None:
        """It is dialled, and dials, also at once."""
        for round_ in range(ROUNDS):
            self.sessions += 2
            if round_ % 3 != 0:
                dial(self.liar, self.victim.place)
            if round_ % 3 != 1:
                dial(self.to_liar, self.liar.node.place)
            self.run(12.0)  # what has not opened by then is closed
            assert all(talk.is_ready for talk in self.to_liar.talks)
            self.liar.node.lose_power()
            self.run(8.0)

    def repent(self) -> None:
        """The liar's program is ours from now on."""
        self.sessions += 1
        self.liar.talk = Talk
        self.liar.node.lose_power()
        self.run(8.0)


Lie = Callable[[Three, Message], Sequence[Message | bytes]]


def hello(**changed: object) -> Lie:
    """It says in each Hello what is changed here."""
    return lambda _, message: [replace(message, **changed) if isinstance(message, Hello) else message]  # type: ignore[arg-type]


def beside_of_friend(three: Three, message: Message) -> Sequence[Message | bytes]:
    return hello(beside=next(iter(three.friend.ready)))(three, message)


def instead(kind: type[Message], *said: Message | bytes) -> Lie:
    return lambda _, message: said if isinstance(message, kind) else [message]


AGAIN = Hello(
    agreed=TODAY, used=TODAY, counter=9, heard=0, clock_s=START_S, plausible=True, aes=True, speaks=1
)
LIES: dict[str, tuple[Lie, dict[str, object]]] = {
    "an epoch 20 years ahead": (hello(), {"day": FAR}),
    "which it has stored": (hello(agreed=FAR, used=FAR), {"day": FAR}),
    "and claims only": (hello(agreed=FAR, used=FAR), {}),
    "an epoch beyond": (hello(used=FAR + EPOCHS_KEPT_BEHIND + 1), {}),
    "the last that there is": (hello(agreed=EPOCH_MAX, used=EPOCH_MAX), {}),
    "the first": (hello(agreed=0, used=0), {}),
    "never stored": (hello(agreed=TODAY), {"day": FAR}),
    "stored what nobody has": (hello(agreed=TODAY + 40, used=TODAY + 50), {}),
    "a counter that jumps": (hello(counter=COUNTER_MAX), {}),
    "a counter that stays": (hello(counter=1), {}),
    "heard what was not told": (hello(heard=COUNTER_MAX), {}),
    "heard nothing": (hello(heard=0), {}),
    "1970": (hello(clock_s=0), {}),
    "2100": (hello(clock_s=4_102_444_800), {}),
    "the last second": (hello(clock_s=CLOCK_S_MAX), {}),
    "another year": (hello(), {"clock_s": START_S + 1500 * DAY_S, "day": TODAY + 1500}),
    "beside what is not": (hello(beside=bytes(32)), {}),
    "beside the friend's": (beside_of_friend, {}),
    "beside nothing": (hello(beside=None), {}),
    "Hello twice": (instead(Stored, AGAIN), {}),
    "Stored before time": (instead(Hello, Stored(agreed=TODAY)), {}),
    "Stored another epoch": (instead(Stored, Stored(agreed=TODAY + 1)), {}),
    "Bye before time": (instead(Hello, Bye()), {}),
    "Bye, not Stored": (instead(Stored, Bye()), {}),
    "never Stored": (instead(Stored), {}),
    "noise": (instead(Hello, b"\xff" * 200), {}),
    "noise, not Stored": (instead(Stored, b"\xff" * 200), {}),
}


REFUSED = {
    *("never stored", "an epoch beyond", "the last that there is", "the first", "stored what nobody has"),
    *("Hello twice", "Stored before time", "Stored another epoch", "Bye before time", "Bye, not Stored"),
    *("noise", "noise, not Stored"),
}
THEIR_OWN_LOSS = {"and claims only"}  # who told to have stored what it has not, is met no more


@pytest.mark.parametrize("name", LIES)
def test_m3_a_lie_costs_no_other_pair(name: str) -> None:
    """M3: the session of the friend goes on meanwhile, and a new one opens afterwards from either side.
    Also who lied is met again, when it says what is."""
    lie, believes = LIES[name]
    for seed in range(SEEDS):
        three = Three(seed, lie, **believes)
        assert three.meet(three.friend, three.to_friend)
        [session] = three.friend.ready
        three.lies()
        assert three.friend.ready == three.to_friend.ready == {session}
        assert bool(three.to_liar.problems) is (name in REFUSED)
        assert_friends_meet(three)
        three.repent()
        assert three.meet(three.liar, three.to_liar) is (name not in THEIR_OWN_LOSS)


def assert_friends_meet(three: Three) -> None:
    for caller, listener in (three.friends, three.friends[::-1]):
        three.friend.node.lose_power()
        three.run(8.0)
        assert three.meet(caller, listener)


def test_m3_epochs_run_no_further_than_20_years_a_session() -> None:
    """M3: as far as a clock can be wrong (discovery 2.6), each time, and for this pair only."""
    three = Three(1, hello())
    for number in range(1, 4):
        agreed = three.to_liar.kept.epochs.agreed
        for ahead in (EPOCHS_AHEAD_MAX + 1, EPOCHS_AHEAD_MAX):
            three.sessions = number
            three.liar.talk = liar(partial(hello(used=agreed + ahead), three))
            three.meet(three.liar, three.to_liar)
            assert three.to_liar.kept.epochs.agreed == agreed + ahead * (ahead == EPOCHS_AHEAD_MAX)
            three.liar.node.lose_power()
            three.run(8.0)
    assert_friends_meet(three)


@pytest.mark.parametrize("days", [-499, -300, -1, 300, 6500])
def test_m3_two_liars_who_agree_on_another_year_part_nobody(days: int) -> None:
    """M3: two contacts are believed about the time (discovery 3.1), from when the program was built on. So
    they can make a right clock one that is not believed, 400 days later; all are met all the same."""
    three = Three(1, hello())
    three.run(300 * DAY_S)
    now_s = START_S + 300 * DAY_S
    three.liar.talk = liar(lambda message: [message], clock_s=now_s + days * DAY_S, day=TODAY + 300 + days)
    second = Node(three.victim.wire)
    to_second, other_liar = befriend(three.victim, second)
    other_liar.talk = three.liar.talk
    for _ in range(2):
        for side in (three.liar, other_liar):
            dial(side, three.victim.place)
            three.world.run(three.world.now_s + 8.0)
            assert side.ready == (three.to_liar if side is three.liar else to_second).ready != set()
            side.node.lose_power()
            three.world.run(three.world.now_s + 8.0)
    three.sessions = 2
    three.is_sure_of_time = days > -499
    assert_friends_meet(three)


class Mute(Talk):
    """Dials and says no word."""

    def arrive(self, data: bytes) -> None:
        if not self.session_hash:
            super().arrive(data)

    def say(self, message: Message) -> None:
        pass


def test_m3_a_thousand_flights_and_never_a_word_keep_no_friend_away() -> None:
    """M3: they cost a thousand places and no more, what is begun is over after eleven seconds, and on another
    day the contact is let in again."""
    three = Three(1, hello())
    three.liar.talk = Mute
    for _ in range(USED_FLIGHTS_MAX + 50):
        dial(three.liar, three.victim.place)
        three.world.run(three.world.now_s + 0.2)
        assert len(three.to_liar.talks) <= 11 / 0.2 + 1
    [used] = three.to_liar.entry.used.values()
    assert len(used) == USED_FLIGHTS_MAX
    three.run(12.0)
    assert three.to_liar.talks == []
    assert_friends_meet(three)
    three.repent()
    assert not three.meet(three.liar, three.to_liar)
    three.run(DAY_S)
    assert three.meet(three.liar, three.to_liar)


def test_the_limit_who_has_a_copy_can_part_its_owner_from_the_contact() -> None:
    """Session 8.6: it is that contact, and may agree on an epoch that the owner never hears of. They pair
    again; nobody else is touched."""
    three = Three(1, hello())
    owner, to_owner = three.liar, three.to_liar
    owner.talk = Talk
    assert three.meet(owner, to_owner)
    thief = Node(three.victim.wire)
    as_owner = thief.add(owner.contact, owner.node.disk.copy().entries[owner.contact])
    as_owner.talk = liar(lambda message: [message], day=FAR)
    owner.node.lose_power()
    three.run(8.0)
    three.sessions = 1
    dial(as_owner, three.victim.place)
    three.run(8.0)
    thief.lose_power()
    three.run(8.0)
    assert not three.meet(owner, to_owner)
    assert common_epoch(owner, to_owner) is None
    assert_friends_meet(three)
