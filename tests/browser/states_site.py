"""Every page of the owner in every state of the kit, with the gate's own headers.

`python states_site.py PORT` runs on a host, by itself.
/CODE/WHO/NUMBER is a page; WHO says what others wrote on it: `usual` or `long`.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from satchel.web.owner.gate import HEADERS
from web.page_kit import pages
from web.states import BASE, Said
from web.wording import PAGE

LONG = "a_name_without_a_place_to_break_it_" * 4
SAID = {
    "usual": Said(),
    "long": Said(name=LONG, path=f"{LONG}/{LONG}", text="\N{ARABIC LETTER HAH}" * 200 + LONG * 20),
}


async def show(request: Request) -> Response:
    code, who, number = (request.path_params[name] for name in ("code", "who", "number"))
    return HTMLResponse(pages(SAID[who])[number].shown(code), headers=dict(HEADERS))


async def live(_request: Request) -> Response:
    async def nothing() -> AsyncIterator[bytes]:
        yield b":\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(nothing(), media_type="text/event-stream")


async def picture(_request: Request) -> Response:
    drawn = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='290' height='290'><path d='M0 0h290v290H0z'/></svg>"
    )
    return Response(drawn, media_type="image/svg+xml")


ROUTES = [
    Mount(f"{BASE}/static", StaticFiles(directory=PAGE / "static")),
    Route(f"{BASE}/live", live),
    Route(f"{BASE}/errands/1/picture.svg", picture),
    Route(f"{BASE}/library/guests/picture.svg", picture),
    Route(f"{BASE}/library/books/{{number:int}}/cover", picture),
    Route("/{code}/{who}/{number:int}", show),
]

if __name__ == "__main__":
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=ROUTES), log_level="critical", ws="none"))
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
        print("ready", flush=True)  # who comes now is kept waiting by the kernel
        server.run(sockets=[listening])
