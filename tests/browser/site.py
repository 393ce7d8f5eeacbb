"""A tiny site for the laboratory's own tests, strict, and with faults planted: `python site.py PORT`.

It runs on a host, by itself; everything else here runs outside.
"""

import hashlib
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
STYLE = """
:root { color-scheme: light dark; font: 1.1rem "Noto Sans", sans-serif; }
.faint { color: #777; background: #888; }
output { overflow-wrap: anywhere; }
button, input { font: inherit; min-block-size: 2.75rem; }
"""
SCRIPT = """
const show = (text) => document.querySelector("output").textContent = text;
document.querySelector("button").addEventListener("click", async () => {
  const name = document.querySelector("#name").value;
  const file = document.querySelector("#file").files[0];
  const answer = await fetch("/taken", {method: "PUT", body: file ?? name});
  show(`${name}: ${(await answer.json()).sha256}`);
});
"""
WORDS = (
    "<p lang=ar dir=rtl>رسائل وملفات وكتب</p><p lang=fa dir=rtl>نامه‌ها، پرونده‌ها و کتاب‌ها</p>"
    "<p lang=zh>信件、文件和书籍</p>"
)
GOOD = (
    f"<h1>Satchel</h1>{WORDS}<p><label>Name <input id=name></label></p>"
    "<p><label>File <input id=file type=file></label></p><p><button type=button>Send</button></p>"
    "<output></output>"
)
SCRIPTS = {
    "": SCRIPT,
    "console": "console.error('a planted complaint')",
    "exception": "setTimeout(() => { throw new Error('a planted exception'); }, 1)",
    "fetch": "fetch('http://127.0.0.1:8001/planted').catch(() => 0)",
    "beacon": "navigator.sendBeacon('http://127.0.0.1:8001/planted', 'x')",
    "socket": "new WebSocket('ws://127.0.0.1:8001/planted')",
    "popup": "window.open('http://127.0.0.1:8001/planted')",
    "eval": "try { eval('1') } catch {}",
    "busy": "let n = 0; const end = () => performance.now(); const began = end();"
    "while (n < 2e6) n += Math.sqrt(n) > -1 ? 1 : 0; document.title = String(end() - began);",
}
BODIES = {
    "image": "<img alt='' src='http://127.0.0.1:8001/planted.png'>",
    "style": "<p style='color: red'>planted</p>",
    "inline": "<script>document.title = 'planted'</script>",
    "frame": "<iframe title=planted src='http://127.0.0.1:8001/planted'></iframe>",
    "ahead": "<link rel=dns-prefetch href='//planted.example'><link rel=preconnect href='//planted.example'>",
    "missing": "<img alt='' src='/nothing-there.png'>",
    "faint": "<p class=faint>planted</p>",
    "nameless": "<img src='/square.svg'>",
    "small": "<p><a href=/>1</a> <button id=small>x</button><button id=tiny>y</button></p>",
}


def page(body: str, script: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Satchel</title>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<link rel=icon href=/square.svg><link rel=stylesheet href=/style.css></head>"
        f"<body><main>{body}</main><script src='/script.js?{script}'></script></body></html>"
    )


async def show(request: Request) -> Response:
    """/NAME has a planted fault, and /loose/NAME has it without a policy that would stop it."""
    name = request.path_params.get("name", "")
    body = GOOD + BODIES.get(name, "")
    if name == "language":
        body += f"<p id=language>{request.headers['accept-language']}</p>"
    headers = {} if "/loose/" in request.url.path else {"content-security-policy": POLICY}
    return HTMLResponse(page(body, name if name in SCRIPTS else ""), headers=headers)


async def script(request: Request) -> Response:
    chosen = SCRIPTS[request.url.query]
    return Response(chosen if chosen == SCRIPT else SCRIPT + chosen, media_type="text/javascript")


async def style(request: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def square(request: Request) -> Response:
    drawn = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9v9H0z'/></svg>"
    return Response(drawn, media_type="image/svg+xml")


async def taken(request: Request) -> Response:
    digest = hashlib.sha256()
    async for part in request.stream():
        digest.update(part)
    return JSONResponse({"sha256": digest.hexdigest()})


ROUTES = [
    Route("/", show),
    Route("/style.css", style),
    Route("/script.js", script),
    Route("/square.svg", square),
    Route("/taken", taken, methods=["PUT"]),
    Route("/nothing-there.png", lambda request: Response(status_code=404)),
    Route("/loose/{name}", show),
    Route("/{name}", show),
]

if __name__ == "__main__":
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=ROUTES), log_level="critical", ws="none"))
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
        print("ready", flush=True)  # who comes now is kept waiting by the kernel
        server.run(sockets=[listening])
