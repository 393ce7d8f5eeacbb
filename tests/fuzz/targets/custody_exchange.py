"""core/custody/exchange: a contact that says anything at any time, to an owner that does what is due (M3)."""

from collections.abc import Iterator

from core.custody.custody_kit import LARGE, Person, Side, bundle, contact, meeting, receipt
from fuzz.feed import Feed, as_piece
from satchel.core.bundles.header import bundle_id
from satchel.core.custody.codec import BLOCK_BYTES, Unpacking, encode
from satchel.core.custody.limits import PARTIALS_MAX
from satchel.core.custody.messages import Block, Message, Offer
from satchel.errors import PeerError

HEAR, BLOCK, SAY, LATER, COME_FROM_OTHERS, RECEIPT = WORDS = range(6)
OURS, HIDDEN = bundle("ours"), bundle("hidden", LARGE)
THEIRS = (bundle("theirs"), bundle("large one", LARGE), bundle("ours"), bundle("another", LARGE))
SPACE_BYTES = 1 << 20


def we(*, dialled: bool) -> Side:
    amina = Person("amina", space_bytes=SPACE_BYTES)
    amina.take_in(OURS, contact("friend"))
    amina.write(HIDDEN, shown=False)
    side = Side(amina, Person("liar"), we_dialled=dialled)
    side.do(side.exchange.begin(highest=0, next=1, now_s=amina.now_s))
    return side


def say(side: Side) -> None:
    """All that there is. Nobody is told of what is not shown (M2)."""
    while (said := side.say_next()) is not None:
        assert list(Unpacking().messages(encode(said))) == [said]
        if isinstance(said, Offer):
            assert all(one.id != bundle_id(HIDDEN) for one in said.bundles)
        assert not isinstance(said, Block) or said.data[:41] != HIDDEN[:41]


def do(side: Side, word: int, feed: Feed) -> None:
    """Raises PeerError."""
    exchange, person = side.exchange, side.person
    if word == HEAR:
        for message in Unpacking().messages(feed.piece()):
            side.hear(message)
    elif word == BLOCK:
        number, place, theirs = feed.number(), feed.number(16), THEIRS[feed.number(len(THEIRS))]
        data = theirs[place * BLOCK_BYTES :][:BLOCK_BYTES]
        if data:
            side.hear(Block(number=number, place=place, data=data))
    elif word == SAY:
        say(side)
    elif word == LATER:
        person.now_s += feed.number()
        side.do(exchange.wake(person.now_s))
    elif word == COME_FROM_OTHERS:
        theirs = THEIRS[feed.number(len(THEIRS))]
        person.take_in(theirs, contact("friend"))
        side.do(exchange.skip([bundle_id(theirs)], person.now_s))
        side.do(exchange.offer([bundle_id(theirs)], person.now_s))
    elif word == RECEIPT:
        name = ("ours", "theirs", "large one")[feed.number(3)]
        person.hear(receipt(name))
        side.do(exchange.pass_on([receipt(name)], person.now_s))


def look(side: Side) -> None:
    """What is kept is what it is called, and no more than there is room for."""
    shelf = side.person.shelf
    assert all(bundle_id(body) == id for id, body in shelf.bodies.items())
    assert bundle_id(HIDDEN) in shelf.rows
    assert len(shelf.unfinished.get(side.other.id, {})) <= PARTIALS_MAX
    assert len(shelf.records) == sum(row.offered for row in shelf.rows.values())


def check(data: bytes) -> bool:
    feed = Feed(data)
    side = we(dialled=bool(feed.number(2)))
    heard = 0
    while feed:
        word = feed.number(len(WORDS))
        try:
            do(side, word, feed)
        except PeerError:
            look(side)
            return False
        heard += word in (HEAR, BLOCK)
        look(side)
    return heard > 0


def as_script(messages: list[Message]) -> bytes:
    """Blocks by name, so that a script stays short."""
    script = b""
    index = 0
    for message in messages:
        if not isinstance(message, Block):
            script += bytes((HEAR,)) + as_piece(encode(message)) + bytes((SAY,))
            continue
        if message.place == 0:
            index = [one[5:105] for one in THEIRS].index(message.data[5:105])
        script += bytes((BLOCK, message.number, message.place, index, SAY))
    return script


def seeds() -> Iterator[bytes]:
    for dialled in (True, False):
        amina, liar = we(dialled=dialled).person, Person("liar")
        for one in THEIRS:
            liar.take_in(one, contact("somebody"))
        met = meeting(amina, liar) if dialled else meeting(liar, amina)
        met.run()
        theirs = met.other if dialled else met.one
        yield bytes((dialled,)) + as_script(theirs.said)
        cut = as_script(theirs.said[: len(theirs.said) // 2])
        yield bytes((dialled,)) + cut + bytes((COME_FROM_OTHERS, 1, RECEIPT, 0, LATER, 90, SAY))
        yield bytes((dialled,)) + as_script(theirs.said[1:])
