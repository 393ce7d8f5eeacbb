"""A film of a picture on a screen, as a camera in somebody's hand sees it: turned, noisy, not at first.

Written as YUV4MPEG2, which Chromium takes for a camera (`--use-file-for-fake-video-capture`) and shows again
and again.
"""

import math
import random
from pathlib import Path

import segno

WIDTH, HEIGHT = 640, 480
PIXELS_PER_MODULE = 6.0  # of a pairing's 45 modules: the picture fills a good half of the height
TURNED_DEGREES = 8.0
DARK, LIGHT, ROOM = 40, 205, 110  # luma: a screen is neither black nor white, the room is between
NOISE = 22
QUIET_MODULES = 4
FRAMES = 20
FRAMES_PER_SECOND = 10


def write_film(text: str, path: Path, *, blank_frames: int = 5, seed: int = 1) -> Path:
    """The picture of `text`, drawn as a page or a terminal draws it, after so many frames without it."""
    chance = random.Random(seed)
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n"
    scene, blank = _scene(text), bytes([ROOM]) * (WIDTH * HEIGHT)
    colourless = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as film:
        film.write(head.encode("ascii"))
        for frame in range(blank_frames + FRAMES):
            seen = blank if frame < blank_frames else scene
            film.write(b"FRAME\n" + _noisy(seen, chance) + colourless)
    return path


def _scene(text: str) -> bytes:
    """Without noise: the symbol in the middle, turned."""
    modules = [
        list(row)
        for row in segno.make_qr(text, error="m", boost_error=False).matrix_iter(border=QUIET_MODULES)
    ]
    side, angle = len(modules), math.radians(TURNED_DEGREES)
    along, across = math.cos(angle) / PIXELS_PER_MODULE, math.sin(angle) / PIXELS_PER_MODULE
    pixels = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            right, down = x - WIDTH / 2, y - HEIGHT / 2
            column = math.floor(right * along + down * across + side / 2)
            row = math.floor(down * along - right * across + side / 2)
            is_inside = 0 <= column < side and 0 <= row < side
            pixels.append((DARK if modules[row][column] & 1 else LIGHT) if is_inside else ROOM)
    return bytes(pixels)


def _noisy(pixels: bytes, chance: random.Random) -> bytes:
    noise = chance.randbytes(len(pixels))
    return bytes(pixel + grain % NOISE for pixel, grain in zip(pixels, noise, strict=True))
