"""A running node in this process: a profile on the disk, a pretend network, its API on the real socket."""

import asyncio
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from node.contact_sides import DAY
from node.pretend_lan import Air, PretendLan
from satchel.cli import local_socket
from satchel.cli.arrivals import Arrivals
from satchel.cli.jobs import CommandJobs
from satchel.cli.offered import look_at, source_of
from satchel.cli.over_node import NodeConnection
from satchel.cli.own_node import taking_into
from satchel.cli.owner_page import OwnerPage
from satchel.cli.profile import Profile
from satchel.cli.recording import recorder_of
from satchel.core.crypto.curve import x25519_public
from satchel.core.discovery.beacon import Mode
from satchel.core.identity.contacts import ContactId
from satchel.core.identity.epochs import begin
from satchel.core.identity.keyfile import KEY_BYTES, Bare, encode
from satchel.core.identity.pair import Pair, Proof
from satchel.core.identity.settings import Accept
from satchel.node.entropy import SystemEntropy
from satchel.node.node import Node
from satchel.ports.contacts import Contact
from satchel.store.profile import ProfileFolder
from satchel.store.records import SqliteRecords
from satchel.web.api import Api
from satchel.web.serving import serve
from satchel.web.uploads import UploadRoutes

LIMIT_S = 20.0
SCREEN = {"typed": False, "result": False, "notes": False, "columns": 80}


def a_contact(name: str) -> Contact:
    pair = Pair(
        static=os.urandom(32),
        their_static=x25519_public(os.urandom(32)),
        epochs=begin(epoch=DAY - 3, speaking=os.urandom(32), listening=os.urandom(32)),
        letters_speaking=bytes(32),
        letters_listening=bytes(32),
        proof=Proof.CODE,
    )
    return Contact(id=ContactId(os.urandom(16)), name=name, pair=pair)


class Served:
    """One node, as a program beside it meets it."""

    def __init__(self, home: Path, profile: Profile, air: Air) -> None:
        self.home = home
        self.profile = profile
        self.air = air
        self.node: Node | None = None
        self.locked = threading.Event()
        self.wiped = threading.Event()
        self.stop: Callable[[], None] = self.locked.set
        self.destroy: Callable[[], None] = self.wiped.set
        self.page: OwnerPage | None = None
        self.into = home.parent / "in"

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and body."""
        with closing(NodeConnection(self.home)) as connection:
            connection.request(method, path, body=None if body is None else json.dumps(body).encode())
            response = connection.getresponse()
            data = response.read()
            is_json = response.headers["content-type"] == "application/json"
            return response.status, json.loads(data) if is_json else data

    def wipe(self) -> None:
        self.destroy()

    def is_well(self) -> bool:
        return self.ask("GET", "/v1/status")[0] == 200

    def raw(self) -> socket.socket:
        connection = local_socket.connect(self.home)
        assert connection is not None
        connection.settimeout(LIMIT_S)
        return connection


class Following:
    """A job that was started, and what it says."""

    def __init__(self, served: Served, *words: str, screen: dict[str, Any] = SCREEN) -> None:
        self.served = served
        self.connection = NodeConnection(served.home)
        body = {"words": words, "folder": "/", "screen": screen, "locale": {}}
        self.response = self.connection.ask("POST", "/v1/jobs", body)
        begun = self.next()
        assert begun["job"] == "begun"
        self.id = begun["id"]

    def next(self) -> dict[str, Any]:
        line = self.response.readline()
        assert line, "it ended early"
        told: dict[str, Any] = json.loads(line)
        return told

    def until(self, **wanted: object) -> dict[str, Any]:
        while not wanted.items() <= (told := self.next()).items():
            pass
        return told

    def rest(self) -> list[dict[str, Any]]:
        """To its end."""
        told = [json.loads(line) for line in self.response]
        self.vanish()
        return told

    def tell(self, what: str, body: object) -> tuple[int, Any]:
        return self.served.ask("POST", f"/v1/jobs/{self.id}/{what}", body)

    def vanish(self) -> None:
        self.response.close()
        self.connection.close()


@contextmanager
def serving(home: Path, *names: str) -> Iterator[Served]:
    """A node of a profile with these contacts."""
    key = os.urandom(KEY_BYTES)
    file = Bare(key=key)
    with closing(ProfileFolder.take(home)) as folder:
        folder.create(encode(file), key)
        with closing(folder.open(key)) as database:
            profile = Profile(folder, file, key, database, SqliteRecords(database))
            for name in names:
                profile.contacts.add(a_contact(name))
            served = Served(home, profile, Air())
            loop, ready = asyncio.new_event_loop(), threading.Event()
            failed: list[BaseException] = []

            def run() -> None:
                try:
                    loop.run_until_complete(_live(served, ready))
                except BaseException as problem:  # noqa: BLE001 - raised again below
                    failed.append(problem)
                finally:
                    ready.set()
                    loop.close()

            thread = threading.Thread(target=run)
            thread.start()
            try:
                assert ready.wait(LIMIT_S)
                assert not failed, failed
                yield served
                assert thread.is_alive() or served.locked.is_set(), failed
            finally:
                if thread.is_alive():
                    loop.call_soon_threadsafe(served.stop)
                thread.join(LIMIT_S)
                profile.post.close()
            assert not failed, failed


async def _live(served: Served, ready: threading.Event) -> None:
    over = asyncio.Event()
    served.stop = over.set
    profile = served.profile
    jobs = CommandJobs(profile)

    def guests() -> dict[str, object] | None:
        return profile.guests.told()  # a test may put another door there

    def lock() -> None:
        served.locked.set()
        over.set()

    served.into.mkdir(exist_ok=True)
    page = served.page = OwnerPage.begin(served.home)
    async with PretendLan(served.air, "127.0.0.2", listening=True) as lan:
        served.node = Node(
            lan=lan,
            entropy=SystemEntropy(),
            contacts=profile.contacts,
            records=profile.records,
            queue=profile.queue,
            source=source_of(profile),
            look_at=lambda paths: look_at(paths, profile.uploads).entries,
            taking=taking_into(served.into, profile, Accept.ASK),
            office=profile.post.office,
            node_clock=profile.post.clock,
            mode=Mode.OPEN,
            show_address=lambda link: f"{link.interface}:{link.port}",
            record=recorder_of(profile).hear,
        )
        jobs.serve(served.node)
        uploads = UploadRoutes(profile.uploads)
        tasks = [
            asyncio.ensure_future(served.node.run()),
            asyncio.ensure_future(
                serve(
                    Api(served.node, jobs, uploads, lock, guests=guests).app(),
                    local_socket.listen(served.home),
                )
            ),
            asyncio.ensure_future(
                page.serve(
                    *(served.node, jobs, profile, uploads),
                    arrivals=Arrivals(str(served.into), profile),
                    lock=lock,
                    wipe=served.wipe,
                )
            ),
        ]
        with served.node.presence.listening(lambda _event: ready.set()):
            await over.wait()
        await asyncio.wait_for(jobs.end(), LIMIT_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    page.close()
