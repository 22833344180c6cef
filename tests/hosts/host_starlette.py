from contextlib import asynccontextmanager

from hosts.hosts_model import CONFIG, note, reply_to, seen
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

from headroom.proxy.extensions import install_headroom


async def chat(request):
    reply = reply_to(await request.body())
    return StreamingResponse(iter(reply.chunks), media_type=reply.kind)


async def upload(request):
    return JSONResponse(seen(await request.body()))


async def echo(socket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


@asynccontextmanager
async def lifespan(app):
    note("up")
    yield
    note("down")


mounted = [Route("/v1/chat/completions", chat, methods=["POST"]), WebSocketRoute("/v1/responses", echo)]
routes = [
    Route("/chat", chat, methods=["POST"]),
    Route("/upload", upload, methods=["POST"]),
    Mount("/ai", routes=mounted),
]
app = install_headroom(Starlette(routes=routes, lifespan=lifespan), CONFIG, manage="/headroom")
