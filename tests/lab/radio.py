"""What a bad radio does to frames: when each arrives, how often, how broken. Pure.

A `Way` is one direction of one cable. It holds no frame and looks at no clock; `relay.py` carries
out what it decides. Each kind of chance has a stream of its own drawn from the seed, so that more
jitter does not change which frames are lost.
"""

import random
from dataclasses import dataclass

# Ethernet, IPv4 and TCP. A flipped bit behind them is for a checksum to find; before, it is a plain loss.
HEADERS_BYTES = 54
SMALLEST_FRAME_BYTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """How bad one direction is. Shares are from 0 to 1; all zero is a perfect cable."""

    rate_bps: float = 0.0  # 0: no limit
    delay_s: float = 0.0
    jitter_s: float = 0.0  # evenly from 0 to this, on top of the delay; keeps the order
    loss: float = 0.0
    multicast_loss: float = 0.0  # on top of loss: an access point repeats no multicast and no broadcast
    duplicate: float = 0.0
    reorder: float = 0.0  # share of frames that skip delay and jitter, and so overtake others
    corrupt: float = 0.0  # share of frames with one bit flipped behind the headers
    queue_s: float = 0.2  # how long a frame may wait for its turn at `rate_bps` before it is dropped
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("loss", "multicast_loss", "duplicate", "reorder", "corrupt"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(self, name)}")
        for name in ("rate_bps", "delay_s", "jitter_s", "queue_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is never negative")


@dataclass(slots=True, kw_only=True)
class WayCounts:
    """Frames of one direction since the radio was put in."""

    came: int = 0
    lost: int = 0
    overflowed: int = 0
    passed: int = 0


class Way:
    """One direction of a bad cable: decides, frame by frame."""

    def __init__(self, name: str, radio: Radio | None = None) -> None:
        self.name = name
        self.counts = WayCounts()
        self._free_s = 0.0  # when the air is free again
        self._last_s = 0.0  # when the last frame in order arrives
        self.configure(radio or Radio())

    def configure(self, radio: Radio) -> None:
        """Take new settings and begin their chances anew."""
        self._radio = radio
        kinds = ("loss", "multicast_loss", "jitter", "reorder", "corrupt", "duplicate")
        # A string seeds the same in every process, whatever PYTHONHASHSEED.
        self._chances = {kind: random.Random(f"{radio.seed}/{self.name}/{kind}") for kind in kinds}

    def schedule(self, frame: bytes, now_s: float) -> list[tuple[float, bytes]]:
        """When which copies of `frame` arrive; none if it is lost."""
        radio = self._radio
        self.counts.came += 1
        if self._is_lost(frame):
            self.counts.lost += 1
            return []
        if radio.rate_bps:
            start_s = max(now_s, self._free_s)
            if start_s - now_s > radio.queue_s:
                self.counts.overflowed += 1
                return []
            now_s = self._free_s = start_s + len(frame) * 8 / radio.rate_bps
        if self._happens("corrupt", radio.corrupt) and len(frame) > SMALLEST_FRAME_BYTES:
            frame = self._flip_bit(frame)
        if self._happens("reorder", radio.reorder):
            arrival_s = now_s
        else:
            late_s = radio.jitter_s * self._chances["jitter"].random() if radio.jitter_s else 0.0
            arrival_s = self._last_s = max(self._last_s, now_s + radio.delay_s + late_s)
        copies = 2 if self._happens("duplicate", radio.duplicate) else 1
        return [(arrival_s, frame)] * copies

    def _is_lost(self, frame: bytes) -> bool:
        lost = self._happens("loss", self._radio.loss)
        to_many = bool(frame[0] & 1)  # the group bit of an Ethernet address
        return (to_many and self._happens("multicast_loss", self._radio.multicast_loss)) or lost

    def _happens(self, kind: str, share: float) -> bool:
        return bool(share) and self._chances[kind].random() < share

    def _flip_bit(self, frame: bytes) -> bytes:
        chance = self._chances["corrupt"]
        broken = bytearray(frame)
        broken[chance.randrange(HEADERS_BYTES, len(broken))] ^= 1 << chance.randrange(8)
        return bytes(broken)
