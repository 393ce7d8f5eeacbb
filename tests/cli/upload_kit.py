"""What a program brings over the local socket, to test with."""

import json
import os
import time
from contextlib import closing
from typing import Any

from cli.node_kit import LIMIT_S, Served
from satchel.cli.over_node import NodeConnection

BLOCK = 256 * 1024
GROUP = "ab" * 16
MIB = 1 << 20


def asked(*path: str, size: int | None, group: str = GROUP) -> dict[str, Any]:
    """To begin one."""
    return {"group": group, "files": [{"path": path, "size": size, "mtime_ns": 1_700_000_000_123_000_000}]}


def begin(served: Served, *path: str, size: int | None, group: str = GROUP) -> dict[str, Any]:
    status, told = served.ask("POST", "/v1/uploads", asked(*path, size=size, group=group))
    assert status == 200, told
    [begun] = told["uploads"]
    found: dict[str, Any] = begun
    return found


def put_together(served: Served, ids: list[str], *contents: bytes, count: int | str) -> tuple[int, Any]:
    with closing(NodeConnection(served.home)) as connection:
        body = b"".join([*(id.encode() for id in ids), *contents])
        connection.request("PUT", f"/v1/uploads?count={count}", body=body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def put(served: Served, id: str, at: int | str, content: bytes) -> tuple[int, Any]:
    with closing(NodeConnection(served.home)) as connection:
        connection.request("PUT", f"/v1/uploads/{id}?at={at}", body=content)
        response = connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if data.startswith(b"{") else data


def bring(served: Served, *path: str, content: bytes) -> str:
    begun = begin(served, *path, size=len(content))
    if content:
        assert put(served, begun["id"], begun["have"], content[begun["have"] :]) == (
            200,
            {"have": len(content)},
        )
    id: str = begun["id"]
    return id


def listed(served: Served) -> list[dict[str, Any]]:
    status, told = served.ask("GET", "/v1/uploads")
    assert status == 200
    found: list[dict[str, Any]] = told["uploads"]
    return found


def sending(served: Served, id: str, length: int) -> NodeConnection:
    """A request whose body is still to come."""
    connection = NodeConnection(served.home)
    connection.putrequest("PUT", f"/v1/uploads/{id}?at=0")
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    connection.sock.settimeout(LIMIT_S)
    return connection


def have(served: Served, wanted: int) -> None:
    ends_s = time.monotonic() + LIMIT_S
    while (found := listed(served)[0]["have"]) != wanted:
        assert time.monotonic() < ends_s, found
        time.sleep(0.02)


def files(served: Served) -> int:
    folder = served.home / "blobs"
    return len(os.listdir(folder)) if folder.exists() else 0
