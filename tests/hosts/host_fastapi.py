from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Body, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from hosts.hosts_model import CONFIG, note, reply_to, seen

from headroom.proxy.extensions import install_headroom

router = APIRouter()


@router.post("/chat")
@router.post("/ai/v1/chat/completions")
async def chat(request: Request, parsed: Annotated[dict, Body()]):
    reply = reply_to(await request.body())
    return StreamingResponse(iter(reply.chunks), media_type=reply.kind)


@router.post("/upload")
async def upload(request: Request):
    return seen(await request.body())


@router.websocket("/ai/v1/responses")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


@asynccontextmanager
async def lifespan(app):
    note("up")
    yield
    note("down")


app = FastAPI(lifespan=lifespan)
app.include_router(router)
install_headroom(app, CONFIG, manage="/headroom")
