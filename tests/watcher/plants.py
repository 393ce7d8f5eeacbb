"""Leaks to plant into recordings, so that each test is seen to find what it is for."""

import random
from collections.abc import Callable
from dataclasses import replace

from lab.frames import TCP, UDP, Packet
from watcher.recordings import Recording

Change = Callable[[Packet], Packet]


def _changed(recording: Recording, change: Change) -> Recording:
    return Recording(tuple(map(change, recording.packets)))


def string(recording: Recording, leak: bytes, chance: random.Random, *, share: float = 0.1) -> Recording:
    """The bytes stand somewhere in so many of the packets, at least in one."""
    carrying = [n for n, packet in enumerate(recording.packets) if len(packet.payload) >= len(leak)]
    leaking = set(chance.sample(carrying, max(1, round(share * len(carrying)))))
    packets = list(recording.packets)
    for n in leaking:
        text = packets[n].payload
        at = chance.randrange(len(text) - len(leak) + 1)
        packets[n] = replace(packets[n], payload=text[:at] + leak + text[at + len(leak) :])
    return Recording(tuple(packets))


def port(recording: Recording, number: int) -> Recording:
    """All its datagrams leave from this port, it takes calls there, and its beacons say so."""
    own = recording.ports()

    def change(packet: Packet) -> Packet:
        if packet.protocol == UDP:
            told = packet.payload[:16] + number.to_bytes(2, "big") + packet.payload[18:]
            return replace(packet, source_port=number, payload=told)
        return replace(packet, source_port=number) if packet.source_port in own else packet

    return _changed(recording, change)


def longer_datagrams(recording: Recording) -> Recording:
    """One byte more in each datagram."""

    def change(packet: Packet) -> Packet:
        return replace(packet, payload_bytes=packet.payload_bytes + 1) if packet.protocol == UDP else packet

    return _changed(recording, change)


def longer_segments_at(recording: Recording, place: int) -> Recording:
    """One byte more in one kind of frame: in the segment at this place of each connection, or its last."""
    chosen = {id(stream[min(place, len(stream) - 1)]) for stream in recording.streams}

    def change(packet: Packet) -> Packet:
        longer = packet.protocol == TCP and id(packet) in chosen
        return replace(packet, payload_bytes=packet.payload_bytes + 1) if longer else packet

    return _changed(recording, change)


def longer_segments(recording: Recording) -> Recording:
    """One byte more in each segment that carries something."""

    def change(packet: Packet) -> Packet:
        longer = packet.protocol == TCP and packet.payload_bytes
        return replace(packet, payload_bytes=packet.payload_bytes + 1) if longer else packet

    return _changed(recording, change)


def slower(recording: Recording, factor: float) -> Recording:
    """All intervals so much longer."""
    began_ns = min(packet.at_ns for packet in recording.packets)

    def change(packet: Packet) -> Packet:
        return replace(packet, at_ns=began_ns + round((packet.at_ns - began_ns) * factor))

    return _changed(recording, change)


def in_step(recording: Recording, phase_s: float, chance: random.Random) -> Recording:
    """Each packet leaves at the same part of a second, to a tenth."""

    def change(packet: Packet) -> Packet:
        at_s = packet.at_ns // 10**9 + phase_s + chance.uniform(0, 0.1)
        return replace(packet, at_ns=round(at_s * 1e9))

    return _changed(recording, change)


def at_moments_of(recording: Recording, other: Recording) -> Recording:
    """As if both drew their intervals from one seed."""
    moments = sorted(packet.at_ns for packet in other.beacons)
    beacons = sorted(recording.beacons, key=lambda packet: packet.at_ns)
    return Recording(tuple(replace(p, at_ns=at) for p, at in zip(beacons, moments, strict=False)))
