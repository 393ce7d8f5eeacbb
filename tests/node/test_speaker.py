"""What is said in order, in a thread of its own, and what happens when nobody listens any more."""

import threading

from core.session.session_kit import open_frame
from node.memory import KEYS, WITHIN_S, MemoryPipe
from satchel.core.crypto.aead import Suite
from satchel.core.handover.codec import decode
from satchel.core.handover.messages import Bye, Receipt
from satchel.core.session.frames import Opener
from satchel.errors import EnvironmentProblem
from satchel.node.channel import Channel
from satchel.node.speaker import Speaker


class FrozenPipe(MemoryPipe):
    """Takes nothing until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = threading.Event()

    def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.waiting.set()
        self.gone.wait()
        raise EnvironmentProblem("The connection has ended.")

    def close(self) -> None:
        super().close()
        self.gone.set()


def speaker_on(pipe: MemoryPipe) -> Speaker:
    return Speaker(Channel(pipe, KEYS, Suite.CHACHA20_POLY1305))


def test_it_says_all_in_order() -> None:
    pipe = MemoryPipe()
    speaker = speaker_on(pipe)
    said = [Receipt(ranges=((number, 1),)) for number in range(20)]
    for message in said:
        speaker.say(message)
    speaker.flush(WITHIN_S)
    opener = Opener(KEYS.send, Suite.CHACHA20_POLY1305)
    assert [decode(open_frame(opener, frame)[1]) for frame in pipe.sent] == said
    speaker.close()


def test_what_is_to_follow_comes_between() -> None:
    pipe = MemoryPipe()
    speaker = speaker_on(pipe)
    sent: list[int] = []
    speaker.say(Bye())
    speaker.then(lambda: sent.append(len(pipe.sent)))
    speaker.say(Bye())
    speaker.flush(WITHIN_S)
    assert sent == [1]
    assert len(pipe.sent) == 2
    speaker.close()


def test_a_peer_that_takes_nothing_holds_nobody_up() -> None:
    """M3: `say` returns at once, and who waits for it waits for a while only."""
    pipe = FrozenPipe()
    speaker = speaker_on(pipe)
    for _ in range(100):
        speaker.say(Bye())
    assert pipe.waiting.wait(WITHIN_S)
    speaker.flush(0.05)
    pipe.close()


def test_what_is_to_follow_is_done_even_where_nobody_listens_any_more() -> None:
    """What followed the last word closed the outlet: a receiver that was gone before Bye kept the
    sending thread for ever."""
    pipe = MemoryPipe()
    speaker = speaker_on(pipe)
    pipe.close()
    followed = threading.Event()
    speaker.say(Bye())
    speaker.then(followed.set)
    assert followed.wait(WITHIN_S)
    speaker.close()


def test_a_connection_that_is_gone_is_closed() -> None:
    pipe = FrozenPipe()
    speaker = speaker_on(pipe)
    speaker.say(Bye())
    assert pipe.waiting.wait(WITHIN_S)
    pipe.gone.set()
    speaker.flush(WITHIN_S)
    assert pipe.is_closed
    speaker.close()
