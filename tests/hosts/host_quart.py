from hosts.hosts_model import CONFIG, note, reply_to, seen
from quart import Quart, Response, request, websocket

from headroom.proxy.extensions import install_headroom

app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = None
app.config["BODY_TIMEOUT"] = None


@app.post("/chat")
@app.post("/ai/v1/chat/completions")
async def chat():
    reply = reply_to(await request.get_data())
    return Response(reply.chunks, content_type=reply.kind)


@app.post("/upload")
async def upload():
    return seen(await request.get_data())


@app.websocket("/ai/v1/responses")
async def echo():
    await websocket.send(await websocket.receive())


@app.before_serving
async def up():
    note("up")


@app.after_serving
async def down():
    note("down")


install_headroom(app, CONFIG, manage="/headroom")
