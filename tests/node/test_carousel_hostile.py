"""The carousel against one receiver who wants the others to have nothing (M3), and locks taken crosswise."""

import random
import threading
import time
from collections.abc import Sequence

from node.memory import WITHIN_S, MemorySource, Taker
from satchel.core.blobs.chunks import CHUNK_BYTES
from satchel.core.session.frames import FULL_FRAME_BYTES
from satchel.node.carousel import Carousel
from satchel.node.gathering import COME_ABOARD_S
from satchel.node.outlet import Bodies
from satchel.node.seat import Pace

CONTENTS = [random.Random(n).randbytes(3 * CHUNK_BYTES + 17) for n in range(6)] + [b"small"] * 200
ALL = ((0, len(CONTENTS)),)


def end(carousel: Carousel, *takers: Taker) -> None:
    for taker in takers:
        taker.thaw()
        taker.seat.leave()
    assert carousel.problem is None


def test_who_comes_back_again_and_again_begins_no_new_account() -> None:
    """Each new connection could hold the others up for half a second more: two hundred times slower."""
    source = MemorySource(CONTENTS)
    carousel, pace = Carousel(source.entries, source), Pace()
    prompt = Taker(carousel, CONTENTS)
    hostile: list[Taker] = []
    began_s = time.monotonic()
    prompt.seat.want_files(ALL)
    while len(prompt.whole) < len(CONTENTS):
        hostile.append(Taker(carousel, CONTENTS, pace=pace))
        hostile[-1].freeze()
        hostile[-1].seat.want_files(ALL)
        time.sleep(0.3)
        hostile[-1].seat.leave()
        assert time.monotonic() - began_s < WITHIN_S
    assert time.monotonic() - began_s < 4.0
    end(carousel, prompt, *hostile)


def test_who_comes_and_goes_cannot_keep_the_first_round_from_beginning() -> None:
    source = MemorySource(CONTENTS[-3:])
    carousel = Carousel(source.entries, source, expected=5)
    patient = Taker(carousel, CONTENTS[-3:])
    patient.seat.want_files(((0, 3),))
    for _ in range(8):  # never wants anything, so it does not count
        Taker(carousel, CONTENTS[-3:]).seat.leave()
        time.sleep(COME_ABOARD_S / 6)
    patient.wait_for(3)
    end(carousel, patient)


def test_a_conversation_may_hold_its_own_lock_while_it_wants_something() -> None:
    """A deadlock: the reading thread told what was sent with the turn held, while a conversation held its
    own lock and waited for the turn. Both wait for ever, and Ctrl-C with them."""
    source = MemorySource(CONTENTS)
    carousel = Carousel(source.entries, source)
    prompt, full = Taker(carousel, CONTENTS), Taker(carousel, CONTENTS)
    full.freeze()
    bodies = Bodies()
    while full.seat.outlet.has_room:
        body = bodies.take(FULL_FRAME_BYTES)
        body.users = 1
        body.writer.end(0, bytes(32))
        full.seat.outlet.put(body, last=False)
    told, wanted = threading.Event(), threading.Event()

    def sent(numbers: Sequence[int]) -> None:
        prompt.sent.extend(numbers)
        told.set()
        wanted.wait(WITHIN_S)  # as for the lock of a conversation that is about to want something

    prompt.seat.sent = sent
    full.seat.want_files(((0, 1),))
    small = len(CONTENTS) - 1
    prompt.seat.want_files(((small, 1), (0, 1)))  # the small one waits in a frame while there is no room
    assert told.wait(WITHIN_S)
    wanting = threading.Thread(target=prompt.seat.want_files, args=(((1, 1),),), daemon=True)
    wanting.start()
    wanting.join(2.0)
    assert not wanting.is_alive()
    wanted.set()
    prompt.wait_for(3)
    end(carousel, prompt, full)
