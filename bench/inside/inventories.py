"""Two sets of records, each in a process of its own, and what it costs to find their differences.

`inventories.py COUNT CASES`: each case is the number of differences and where they are, as in `100:anywhere`.
`inventories.py COUNT liar`: what one side may do to the other. Prints JSON.
"""

import json
import os
import random
import resource
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from satchel.core.reconcile.effects import Have, Need, Say
from satchel.core.reconcile.initiator import Initiator
from satchel.core.reconcile.message import Range, Writer, decode
from satchel.core.reconcile.records import RECORD_BYTES, START, Records
from satchel.core.reconcile.responder import Responder

HOURS = range(60_000, 60_720)  # 30 days of 2026
WRONG = bytes(16)
Row = tuple[int, bytes]


def rows(count: int) -> Iterator[Row]:
    """In order, as a database gives them, and the same in both processes."""
    for number, hour in enumerate(HOURS):
        many = count * (number + 1) // len(HOURS) - count * number // len(HOURS)
        chance = random.Random(hour)
        for id in sorted(chance.randbytes(32) for _ in range(many)):
            yield hour, id


def extra(case: str) -> tuple[list[Row], list[Row]]:
    """What only the one has, and only the other."""
    count, place = case.split(":")
    chance = random.Random(case)
    hours = HOURS if place == "anywhere" else HOURS[-3:]
    drawn = [(chance.choice(hours), chance.randbytes(32)) for _ in range(int(count))]
    return drawn[::2], drawn[1::2]


def receive(link: socket.socket) -> bytes:
    length = int.from_bytes(link.recv(4, socket.MSG_WAITALL), "big")
    return link.recv(length, socket.MSG_WAITALL) if length else b""


def send(link: socket.socket, data: bytes) -> None:
    link.sendall(len(data).to_bytes(4, "big") + data)


def insert(records: Records, some: list[Row]) -> list[float]:
    """Seconds of each."""
    took = []
    for row in some:
        began_s = time.perf_counter()
        records.insert(*row)
        took.append(time.perf_counter() - began_s)
    return took


def respond(link: socket.socket, count: int, cases: list[str]) -> None:
    records = Records(rows(count))
    for case in cases:
        _, only = extra(case)
        insert(records, only)
        send(link, b"ready")
        responder, cpu_s = Responder(records), 0.0
        while message := receive(link):
            began_s = time.process_time()
            answer = responder.hear(message)
            cpu_s += time.process_time() - began_s
            send(link, answer)
        send(link, json.dumps({"cpu_s": cpu_s, "rss_bytes": peak_bytes()}).encode())
        for row in only:
            records.remove(*row)


def ask(link: socket.socket, records: Records, case: str) -> dict[str, Any]:
    only, theirs = extra(case)
    inserted = insert(records, only)
    receive(link)
    rounds = size_bytes = 0
    has: list[bytes] = []
    needs: list[bytes] = []
    cpu_s = -time.process_time()
    initiator = Initiator(records)
    said: bytes | None = initiator.begin().message
    while said is not None:
        cpu_s += time.process_time()
        send(link, said)
        answer = receive(link)
        rounds, size_bytes = rounds + 1, size_bytes + len(said) + len(answer)
        cpu_s -= time.process_time()
        said = None
        for effect in initiator.hear(answer):
            match effect:
                case Say(message=message):
                    said = message
                case Have(ids=ids):
                    has += ids
                case Need(ids=ids):
                    needs += ids
    cpu_s += time.process_time()
    send(link, b"")
    other = json.loads(receive(link))
    assert sorted(has) == sorted(id for _, id in only), "not what only we have"
    assert sorted(needs) == sorted(id for _, id in theirs), "not what only they have"
    for row in only:
        records.remove(*row)
    return {
        "rounds": rounds,
        "bytes": size_bytes,
        "cpu_s": [cpu_s, other["cpu_s"]],
        "rss_bytes": max(peak_bytes(), other["rss_bytes"]),
        "insert_s": statistics.median(inserted) if inserted else 0.0,
    }


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compare(count: int, cases: list[str]) -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        respond(theirs, count, cases)
        os._exit(0)
    theirs.close()
    began_s = time.process_time()
    for _ in rows(count):
        pass
    drawn_s, began_s = time.process_time() - began_s, time.process_time()
    records = Records(rows(count))
    built_s = time.process_time() - began_s - drawn_s
    return {"build_s": built_s, "cases": {case: ask(ours, records, case) for case in cases}}


# --- what a liar can do -----------------------------------------------------------------------------


def dearest(records: Records, count: int) -> Iterator[list[Range]]:
    """Questions of a full message: fingerprints of as many ranges as it holds, and lists of as many."""
    for ranges, fingerprint in ((2_600, WRONG), (10_000, None)):
        every = max(1, count // ranges)
        bounds = [START, *(records.rows(at, at + 1)[0][:11] for at in range(every, count, every))][:ranges]
        full = [bound.ljust(RECORD_BYTES, b"\0") for bound in bounds]
        yield [Range(one, two, fingerprint) for one, two in pairwise(full) if one < two]


def lie(count: int) -> dict[str, Any]:
    records = Records(rows(count))
    before_bytes = peak_bytes()
    answers = []
    for ranges in dearest(records, count):
        writer = Writer()
        for said in ranges:
            if not writer.say_within([said], 65_000):
                break
        began_s = time.process_time()
        Responder(records).hear(writer.message())
        answers.append(time.process_time() - began_s)
    began_s, turns, worst_s = time.process_time(), 0, 0.0
    initiator = Initiator(records)
    said_now: bytes | None = initiator.begin().message
    while said_now is not None:
        writer = Writer()
        for told in decode(said_now):
            writer.say(Range(told.lower, told.upper, WRONG if told.fingerprint else None))
        turn_s = time.process_time()
        effects = initiator.hear(writer.message())
        first = next(effects)
        worst_s, turns = max(worst_s, time.process_time() - turn_s), turns + 1
        said_now = first.message if isinstance(first, Say) else None
        for _ in effects:
            pass
    whole_s = time.process_time() - began_s
    return {
        "answer_s": max(answers),
        "turn_s": worst_s,
        "turns": turns,
        "whole_s": whole_s,
        "above_bytes": peak_bytes() - before_bytes,
    }


if __name__ == "__main__":
    counted = int(sys.argv[1])
    found = lie(counted) if sys.argv[2] == "liar" else compare(counted, sys.argv[2:])
    print(json.dumps(found))
