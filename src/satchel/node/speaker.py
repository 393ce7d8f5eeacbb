"""Says messages in the order they were handed over, in a thread of its own.

So nobody who has something to say waits for a peer that takes nothing: one frozen receiver must not hold
up the thread that reads for all of them (M3).
"""

import queue
import threading
from collections.abc import Callable

from satchel.core.handover.messages import Message
from satchel.errors import SatchelError
from satchel.node.channel import Channel


class Speaker:
    """`say` and `then` from any thread; what is waiting is bounded by what the conversation allows."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._speak, name="satchel-say", daemon=True)
        self._thread.start()

    def say(self, message: Message) -> None:
        self._waiting.put(lambda: self._channel.say(message))

    def then(self, call: Callable[[], None]) -> None:
        """Call this once all is said, or cannot be said any more, and before anything else is."""
        self._waiting.put(call)

    def flush(self, timeout_s: float) -> None:
        """Wait until all is said, or the time is over."""
        said = threading.Event()
        self._waiting.put(said.set)
        said.wait(timeout_s)

    def close(self) -> None:
        self._waiting.put(None)

    def _speak(self) -> None:
        while (call := self._waiting.get()) is not None:
            try:
                call()
            except SatchelError:
                self._channel.pipe.close()  # all other threads find out by themselves
