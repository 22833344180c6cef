"""Originals over HTTP: what `/v1/compress` leaves out, `/v1/retrieve` gives back, to its own caller alone."""

import json

import pytest
from proxy.bench import request
from proxy.test_management import JSON, MESSAGES, TOOL, asked

ROWS = TOOL[1]["content"]
KEY, OTHER = (b"Authorization", b"Bearer key-one"), (b"Authorization", b"Bearer key-two")
REVERSIBLE = [{"mode": "ccr"}, {"retrieval": "http"}, {"retrieval": "tool"}]


def body(config):
    return json.dumps({"messages": [*MESSAGES, *TOOL], "model": "gpt-5", "config": config}).encode()


def roundtrip(config, *requests, **options):
    """Compress with one caller's key in one life of the proxy, then send the requests that the handle makes."""
    options = {"optimize": True, "marker_key": "k" * 32} | options
    (first,) = asked(request("POST", "/v1/compress", body(config), JSON, KEY), **options)
    handles = json.loads(first.body)["ccr_hashes"]
    again = request("POST", "/v1/compress", body(config), JSON, KEY)
    made = [again, *(one(handles[0]) for one in requests)] if handles else [again]
    return json.loads(first.body), asked(*made, **options)[1:]


def get(key, query=""):
    return lambda handle: request("GET", f"/v1/retrieve/{handle}{query}", b"", key)


@pytest.mark.parametrize("config", REVERSIBLE)
def test_what_is_left_out_comes_back_byte_for_byte(config):
    compressed, (answer,) = roundtrip(config, get(KEY))
    handle = compressed["ccr_hashes"][0]
    assert handle in compressed["messages"][2]["content"]
    assert compressed["tokens_after"] < compressed["tokens_before"] / 2
    assert answer.status == 200
    assert json.loads(answer.body) == {"hash": handle, "original_content": ROWS, "whole": True}


def test_parts_can_be_asked_for_both_ways():
    line = ROWS.split("\n")[17]

    def post(handle):
        return request("POST", f"/v1/retrieve/{handle}", json.dumps({"lines": "18-18"}).encode(), JSON, KEY)

    _, answers = roundtrip({"retrieval": "http"}, get(KEY, "?lines=18-18"), post, get(KEY, "?query=job+17"))
    views = [json.loads(answer.body) for answer in answers]
    assert [view["original_content"] for view in views[:2]] == [line + "\n"] * 2
    assert line in views[2]["original_content"]
    assert not any(view["whole"] for view in views)


def test_another_caller_does_not_get_it():
    _, (own, other, nobody) = roundtrip({"retrieval": "http"}, get(KEY), get(OTHER), get((b"X-Nothing", b"1")))
    assert [own.status, other.status, nobody.status] == [200, 404, 404]
    assert b"job" not in other.body


@pytest.mark.parametrize(("handle", "status"), [("0" * 24, 404), ("xyz", 400), ("A" * 24, 400), ("0" * 23, 400)])
def test_handles_that_are_none_get_a_clear_answer(handle, status):
    (answer,) = asked(request("GET", f"/v1/retrieve/{handle}", b"", KEY))
    assert answer.status == status
    assert "handle" in json.loads(answer.body)["error"]["message"].lower()


def test_lossless_and_a_gateway_without_retrieval_leave_nothing_out():
    assert roundtrip({"retrieval": "http", "lossless": True})[0]["ccr_hashes"] == []
    assert roundtrip({"mode": "ccr"}, retrieval="off")[0]["ccr_hashes"] == []
    (answer,) = asked(request("GET", "/v1/retrieve/" + "0" * 24, b"", KEY), retrieval="off")
    assert answer.status == 400
    assert "off" in json.loads(answer.body)["error"]["message"]


def test_one_tenant_for_all_callers_is_a_matter_of_configuration():
    _, (answer,) = roundtrip({"retrieval": "http"}, get(OTHER), tenant="team")
    assert answer.status == 200
