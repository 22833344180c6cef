from __future__ import annotations

import asyncio
import copy
import threading

import pytest
from contracts.adapters import restored, same_value
from langchain_core.documents import Document
from support.samples import SAMPLES, UNTOUCHED, sample

from headroom.integrations.adapter import Adapter
from headroom_langchain import HeadroomDocumentCompressor

PROSE = Document(UNTOUCHED["prose"], metadata={"page": 4}, id="prose")


def documents() -> list[Document]:
    found = [Document(sample(name), metadata={"source": name, "score": 0.5}, id=name) for name in sorted(SAMPLES)]
    return [PROSE, *found, PROSE]


def compressed(given: list[Document], mode: str) -> list[Document]:
    compressor = HeadroomDocumentCompressor()
    if mode == "sync":
        return list(compressor.compress_documents(given, "Which failed?"))
    return list(asyncio.run(compressor.acompress_documents(given, "Which failed?")))


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_documents_get_shorter_in_place_and_can_be_restored(mode: str) -> None:
    given = documents()
    before = copy.deepcopy(given)
    found = compressed(given, mode)
    assert given == before
    assert [(d.id, d.metadata) for d in found] == [(d.id, d.metadata) for d in given]
    changed = [(old, new) for old, new in zip(given, found, strict=True) if new is not old]
    assert len(changed) >= 8
    assert all(len(new.page_content) < len(old.page_content) for old, new in changed)
    exact = [(old, new) for old, new in changed if old.id in ("csv_lines", "json_rows", "log_lines", "search_lines")]
    assert len(exact) == 4
    for old, new in exact:
        assert any(same_value(text, old.page_content) for text in restored(new.page_content)), old.id


def test_a_document_that_does_not_get_shorter_is_the_very_same() -> None:
    assert compressed([PROSE], "sync")[0] is PROSE


def test_a_documents_form_depends_on_no_other_document() -> None:
    given = documents()
    together = compressed([*given, *given], "sync")
    alone = [compressed([document], "sync")[0] for document in given]
    assert together == [*alone, *alone]


def test_long_documents_do_not_keep_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()
    shorten = Adapter.shorten
    monkeypatch.setattr(Adapter, "shorten", lambda *args: threads.add(threading.get_ident()) or shorten(*args))
    compressed(documents(), "async")
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_failure_of_ours_leaves_the_documents(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Adapter, "shorten", lambda *_: 1 / 0)
    given = documents()
    assert all(new is old for new, old in zip(compressed(given, mode), given, strict=True))


def test_it_counts_what_it_saves() -> None:
    compressor = HeadroomDocumentCompressor()
    compressor.compress_documents(given := documents(), "Which failed?")
    assert compressor.stats()["requests"] == len(given)
    assert compressor.stats()["tokens_saved"] > 0
