"""Promise P3: strangers who send flights all the time keep nobody away who has a hand-over to go on with."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.pretend_lan import Air, PretendLan
from satchel.core.session import flight as flights
from satchel.core.session.resumption import SecretKey
from satchel.node import proofs
from satchel.node.entropy import SystemEntropy
from satchel.node.giving import Giver
from satchel.ports import HandoverId, RecordHead, Records, Role
from satchel.store.records import SqliteRecords
from satchel.store.source import FileSource
from store.record_samples import open_records

UNFINISHED = 8
HMACS_PER_S = 200  # some ten flights: as slow as many contacts would make it
SECRET = bytes(32)
STRANGERS = 30
LIMIT_S = 30.0


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteRecords]:
    monkeypatch.setattr(proofs, "HMACS_PER_S", HMACS_PER_S)
    monkeypatch.setattr(proofs, "HMACS_AT_ONCE", 2 * UNFINISHED)
    opened = open_records(tmp_path / "profile")
    yield opened
    opened.database.close()


def begin(records: Records, number: int, secret: bytes) -> None:
    head = RecordHead(
        id=HandoverId(number.to_bytes(16, "big")),
        role=Role.SENDER,
        secret=secret,
        older_secret=None,
        into=b"",
        finished=False,
    )
    records.create(head, [])


async def send(lan: PretendLan, flight: bytes, *, source: str) -> socket.socket:
    connected = socket.socket()
    connected.setblocking(False)
    connected.bind((source, 0))
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connected, ("127.0.0.2", lan.link.port))
    await loop.sock_sendall(connected, flight)
    return connected


def test_p3_a_receiver_that_comes_back_is_let_in_before_the_strangers_of_one_address(
    records: SqliteRecords,
) -> None:
    for number in range(UNFINISHED - 1):
        begin(records, number, os.urandom(32))
    begin(records, UNFINISHED, SECRET)

    async def scene() -> float:
        async with asyncio.timeout(LIMIT_S), PretendLan(Air(), "127.0.0.2", listening=True) as lan:
            giver = Giver(
                lan=lan,
                entropy=SystemEntropy(),
                records=records,
                source=FileSource(),
                aes=True,
                show_address=lambda link: "here",
                report=lambda event: None,
            )
            giving = asyncio.create_task(giver.resume())
            strangers = [await send(lan, os.urandom(256), source="127.0.0.9") for _ in range(STRANGERS)]
            await asyncio.sleep(0.1)  # until they are all in the queue
            began_s = time.monotonic()
            address, port = flights.ANYWHERE
            dialler = flights.Dialler(
                SecretKey.of(SECRET),
                address=address,
                port=port,
                ephemeral=os.urandom(flights.EPHEMERAL_BYTES),
                fill=os.urandom(flights.FLIGHT_FILL_BYTES),
            )
            friend = await send(lan, dialler.flight, source="127.0.0.3")
            answer = b""
            while len(answer) < flights.FLIGHT_BYTES:
                answer += await asyncio.get_running_loop().sock_recv(friend, 4096)
            assert dialler.finish(answer)
            waited_s = time.monotonic() - began_s
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)
            for connected in (friend, *strangers):
                connected.close()
            return waited_s

    assert asyncio.run(scene()) < STRANGERS * 2 * UNFINISHED / HMACS_PER_S / 3
