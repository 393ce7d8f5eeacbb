"""Who guessed wrong, or has a good proof and nothing behind it, gets no byte and no moment to learn from."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.pretend_lan import Air, PretendLan
from satchel.core.pairing import exchange
from satchel.core.pairing.code import SpokenCode
from satchel.core.pairing.typist import Typist
from satchel.core.session import flight as flights
from satchel.core.session.resumption import SecretKey
from satchel.node import draining, events
from satchel.node.entropy import SystemEntropy
from satchel.node.giving import Giver
from satchel.ports import HandoverId, RecordHead, Role
from satchel.store.records import SqliteRecords
from satchel.store.source import FileSource, survey
from store.record_samples import open_records

DRAIN_S = 1.0
LIMIT_S = 20.0
SECRET = bytes(32)


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteRecords]:
    monkeypatch.setattr(draining, "DRAIN_MIN_S", DRAIN_S)
    monkeypatch.setattr(draining, "DRAIN_SPREAD_S", 0.0)
    opened = open_records(tmp_path / "profile")
    yield opened
    opened.database.close()


async def received(connected: socket.socket) -> bytes:
    return await asyncio.get_running_loop().sock_recv(connected, 4096)


async def is_drained(connected: socket.socket) -> None:
    began_s = time.monotonic()
    assert await received(connected) == b""
    assert time.monotonic() - began_s > DRAIN_S - 0.2


def giver(lan: PretendLan, records: SqliteRecords, told: list[events.Event]) -> Giver:
    return Giver(
        lan=lan,
        entropy=SystemEntropy(),
        records=records,
        source=FileSource(),
        aes=True,
        show_address=lambda link: "here",
        report=told.append,
    )


async def connect(lan: PretendLan) -> socket.socket:
    connected = socket.socket()
    connected.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.2", lan.link.port))
    return connected


def test_p2_a_wrong_confirmation_is_drained_and_not_hung_up_on(
    tmp_path: Path, records: SqliteRecords
) -> None:
    letter = tmp_path / "letter"
    letter.write_text("x")
    told: list[events.Event] = []

    async def scene() -> None:
        async with asyncio.timeout(LIMIT_S), PretendLan(Air(), "127.0.0.2", listening=True) as lan:
            giving = asyncio.create_task(
                giver(lan, records, told).give(survey([os.fsencode(letter)]).entries, None)
            )
            while not any(isinstance(event, events.Listening) for event in told):
                await asyncio.sleep(0.01)
            right = SpokenCode.parse(next(e for e in told if isinstance(e, events.CodeReady)).code)
            one, two, three = right.words
            call = Typist(SpokenCode(right.channel, (one, two, (three + 1) % 1024))).call(
                address=exchange.ANYWHERE[0],
                port=exchange.ANYWHERE[1],
                scalar=os.urandom(exchange.SCALAR_BYTES),
                fill=os.urandom(exchange.TYPIST_FILL_BYTES),
            )
            with await connect(lan) as connected:
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(connected, call.flight)
                answer = await received(connected)
                assert len(answer) == exchange.FLIGHT_BYTES
                await loop.sock_sendall(connected, call.hear_answer(answer).confirmation + bytes(1232))
                await is_drained(connected)
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)

    asyncio.run(scene())


def test_p1_a_good_proof_with_a_bad_message_behind_it_is_drained(records: SqliteRecords) -> None:
    records.create(
        RecordHead(
            id=HandoverId(bytes(16)),
            role=Role.SENDER,
            secret=SECRET,
            older_secret=None,
            into=b"",
            finished=False,
        ),
        [],
    )

    async def scene() -> None:
        async with asyncio.timeout(LIMIT_S), PretendLan(Air(), "127.0.0.2", listening=True) as lan:
            giving = asyncio.create_task(giver(lan, records, []).resume())
            address, port = flights.ANYWHERE
            flight = bytearray(
                flights.Dialler(
                    SecretKey.of(SECRET),
                    address=address,
                    port=port,
                    ephemeral=os.urandom(flights.EPHEMERAL_BYTES),
                    fill=os.urandom(flights.FLIGHT_FILL_BYTES),
                ).flight
            )
            flight[flights.EPHEMERAL_BYTES] ^= 1  # the tag; the proof is over the key in front of it
            with await connect(lan) as connected:
                await asyncio.get_running_loop().sock_sendall(connected, flight)
                await is_drained(connected)
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)

    asyncio.run(scene())
