from hosts.hosts_model import CONFIG, note, reply_to, seen
from litestar import Litestar, Request, Router, WebSocket, post, websocket
from litestar.response import Stream

from headroom.proxy.extensions import install_headroom

UNLIMITED = {"request_max_body_size": None, "status_code": 200}


@post(["/chat", "/ai/v1/chat/completions"], **UNLIMITED)
async def chat(request: Request) -> Stream:
    reply = reply_to(await request.body())
    return Stream(reply.chunks, media_type=reply.kind)


@post("/upload", **UNLIMITED)
async def upload(request: Request) -> dict[str, object]:
    return seen(await request.body())


@websocket("/v1/responses")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


app = install_headroom(
    Litestar(
        [chat, upload, Router("/ai", route_handlers=[echo])],
        on_startup=[lambda: note("up")],
        on_shutdown=[lambda: note("down")],
    ),
    CONFIG,
    manage="/headroom",
)
