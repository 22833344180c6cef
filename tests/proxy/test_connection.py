"""What is written in one turn of the event loop leaves in one piece, in order, before the connection closes."""

import asyncio
import gc

import uvicorn
from proxy.bench import config_for

from headroom.proxy import server
from headroom.proxy.connection import GatheringTransport
from headroom.proxy.state import ProxyState
from headroom.proxy.stats import Stats


class Beneath(asyncio.Transport):
    """A transport that keeps the pieces that it is given."""

    def __init__(self):
        super().__init__({"peername": ("127.0.0.1", 9)})
        self.pieces, self.closed = [], False

    def writelines(self, parts):
        self.pieces.append(b"".join(parts))

    def write_eof(self):
        self.pieces.append(b"the end")

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


def written(*turns, close=False):
    """Write the parts of each turn; return the pieces that arrive beneath, and the transport there."""

    async def play():
        beneath = Beneath()
        transport = GatheringTransport(beneath, asyncio.get_running_loop())
        for parts in turns:
            for part in parts:
                transport.write(part)
            if not close:
                await asyncio.sleep(0)
        if close:
            transport.close()
            transport.write(b"too late")
            await asyncio.sleep(0)
        return beneath

    return asyncio.run(play())


def test_the_parts_of_one_turn_leave_together_those_of_another_turn_apart():
    assert written([b"head", b"body"], [], [b"more"], [b"a", b"b", b"c"]).pieces == [b"headbody", b"more", b"abc"]


def test_what_was_written_leaves_before_the_connection_closes_and_nothing_behind_it():
    beneath = written([b"head", b"body"], close=True)
    assert (beneath.pieces, beneath.closed) == ([b"headbody"], True)


def test_several_pieces_and_the_end_keep_their_place():
    async def play():
        beneath = Beneath()
        transport = GatheringTransport(beneath, asyncio.get_running_loop())
        transport.write(b"a")
        transport.writelines([b"b", b"c"])
        transport.write_eof()
        await asyncio.sleep(0)
        return beneath.pieces

    assert asyncio.run(play()) == [b"abc", b"the end"]


def test_everything_else_is_asked_of_the_transport_beneath():
    beneath = Beneath()
    assert GatheringTransport(beneath, None).get_extra_info("peername") == ("127.0.0.1", 9)


def test_a_server_that_has_started_leaves_what_is_there_out_of_garbage_collection():
    async def nothing(scope, receive, send):
        raise AssertionError("nobody asks")

    async def play():
        config = uvicorn.Config(nothing, port=0, lifespan="off", log_level="warning")
        config.load()
        one = server.DrainingServer(config, ProxyState(config_for("http://127.0.0.1:9"), Stats()))
        one.lifespan = config.lifespan_class(config)
        await one.startup()
        try:
            return gc.get_freeze_count()
        finally:
            gc.unfreeze()
            await one.shutdown()

    assert asyncio.run(play()) > 10_000
