"""Recordings of silence for the tests, written as their formats say: ID3 2.4 and MPEG 1 layer III, FLAC, Ogg
(RFC 3533) with Opus (RFC 7845) and Vorbis, and MP4 (ISO 14496-12) with the tags of M4A."""

import base64
import struct
from collections.abc import Mapping

MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s, 44,100 Hz: 1,152 samples
FRAMES_PER_S = 44_100 / 1152


def mp3(tags: Mapping[str, str], *, seconds: int = 5, cover: bytes | None = None) -> bytes:
    frames = b"".join(_id3(key.encode(), b"\x03" + value.encode()) for key, value in tags.items())
    if cover is not None:
        frames += _id3(b"APIC", b"\x03image/png\0\x03\0" + cover)
    return b"ID3\x04\0\0" + _synchsafe(len(frames)) + frames + MP3_FRAME * round(seconds * FRAMES_PER_S)


def flac(tags: Mapping[str, str], *, seconds: int = 5, cover: bytes | None = None) -> bytes:
    rate = 44_100
    packed = rate << 44 | 1 << 41 | 15 << 36 | seconds * rate
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    blocks = [(0, info), (4, _comments(tags))]
    if cover is not None:
        blocks.append((6, _picture(cover)))
    out = b"fLaC"
    for index, (kind, body) in enumerate(blocks):
        last = 0x80 if index == len(blocks) - 1 else 0
        out += bytes([kind | last]) + len(body).to_bytes(3, "big") + body
    return out + bytes(1000)


def ogg(
    tags: Mapping[str, str], *, codec: str = "opus", seconds: int = 5, cover: bytes | None = None
) -> bytes:
    if cover is not None:
        tags = {**tags, "METADATA_BLOCK_PICTURE": base64.b64encode(_picture(cover)).decode()}
    if codec == "opus":
        head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)
        notes, ends = b"OpusTags" + _comments(tags), 48_000 * seconds + 312
    else:
        head = b"\x01vorbis" + struct.pack("<IBIIIIBB", 0, 1, 22_050, 0, 64_000, 0, 0xB8, 1)
        notes, ends = b"\x03vorbis" + _comments(tags) + b"\x01", 22_050 * seconds
    pages = [_page(head, 0, 0, 2), *_long_page(notes, 1)]
    middle = [_page(bytes(200), len(pages) + n, ends * (n + 1) // 20, 0) for n in range(19)]
    return b"".join([*pages, *middle, _page(bytes(200), len(pages) + 19, ends, 4)])


def m4a(
    tags: Mapping[str, str], *, seconds: int = 5, cover: bytes | None = None, brand: bytes = b"M4B "
) -> bytes:
    """`tags`: by the four characters of their atoms, "nam" for "\xa9nam"."""
    items = b"".join(
        _atom(
            key.encode("latin-1").rjust(4, b"\xa9"), _atom(b"data", struct.pack(">II", 1, 0) + value.encode())
        )
        for key, value in tags.items()
    )
    if cover is not None:
        items += _atom(b"covr", _atom(b"data", struct.pack(">II", 14, 0) + cover))
    handler = _atom(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = _atom(b"udta", _atom(b"meta", bytes(4) + handler + _atom(b"ilst", items)))
    header = bytes(4) + struct.pack(">IIII", 0, 0, 1000, seconds * 1000) + bytes(80)
    sound = bytes(6) + struct.pack(">HIIHHHHI", 1, 0, 0, 1, 16, 0, 0, 44_100 << 16)
    # ES descriptor with the configuration of AAC-LC (ISO 14496-1, 7.2.6)
    config = b"\x03\x19\0\0\0" + b"\x04\x11\x40\x15" + bytes(11) + b"\x05\x02\x12\x08" + b"\x06\x01\x02"
    sound += _atom(b"esds", bytes(4) + config)
    described = _atom(b"stsd", struct.pack(">II", 0, 1) + _atom(b"mp4a", sound))
    media = _atom(b"mdia", _atom(b"minf", _atom(b"stbl", described)))
    moov = _atom(b"moov", _atom(b"mvhd", header) + _atom(b"trak", media) + meta)
    return _atom(b"ftyp", brand + bytes(4) + b"isom") + moov + _atom(b"mdat", bytes(1000))


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _id3(name: bytes, body: bytes) -> bytes:
    return name + _synchsafe(len(body)) + b"\0\0" + body


def _comments(tags: Mapping[str, str]) -> bytes:
    out = struct.pack("<I", 4) + b"test" + struct.pack("<I", len(tags))
    for key, value in tags.items():
        entry = f"{key}={value}".encode()
        out += struct.pack("<I", len(entry)) + entry
    return out


def _picture(data: bytes) -> bytes:
    kind = b"image/png"
    return struct.pack(">II", 3, len(kind)) + kind + bytes(20) + struct.pack(">I", len(data)) + data


def _page(packet: bytes, sequence: int, ends: int, flags: int) -> bytes:
    sizes = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    return b"OggS" + struct.pack("<BBqIIIB", 0, flags, ends, 7, sequence, 0, len(sizes)) + sizes + packet


def _long_page(packet: bytes, sequence: int) -> list[bytes]:
    """A packet over as many pages as it needs."""
    whole = 255 * 255
    pages: list[bytes] = []
    while len(packet) >= whole:
        head = struct.pack("<BBqIIIB", 0, 1 if pages else 0, -1, 7, sequence + len(pages), 0, 255)
        pages.append(b"OggS" + head + b"\xff" * 255 + packet[:whole])
        packet = packet[whole:]
    return [*pages, _page(packet, sequence + len(pages), 0, 1 if pages else 0)]


def _atom(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body
