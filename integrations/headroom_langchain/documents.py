"""A compressor of retrieved documents: the same documents in the same order, with shorter contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import PrivateAttr

from headroom.integrations.adapter import Adapter
from headroom.integrations.transcript import Returned
from headroom.proxy.config import ProxyConfig


class HeadroomDocumentCompressor(BaseDocumentCompressor):
    """Shortens documents between a retriever and a prompt, each on its own, whatever is asked of it.

    Ids, metadata and order stay, and so do the documents that came. Raises ConfigError or StoreError for settings that
    cannot be used.
    """

    _adapter: Adapter = PrivateAttr()

    def __init__(self, config: ProxyConfig | None = None) -> None:
        super().__init__()
        self._adapter = Adapter(config)

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: str,  # noqa: ARG002 - a short form is the same for every question
        callbacks: Callbacks | None = None,  # noqa: ARG002 - the framework's signature
    ) -> Sequence[Document]:
        """Return the documents with shorter contents. One that does not get shorter is the very same object."""
        return self._shortened(documents)

    async def acompress_documents(
        self,
        documents: Sequence[Document],
        query: str,  # noqa: ARG002 - as above
        callbacks: Callbacks | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[Document]:
        """Do the same without keeping the event loop."""
        size = self._adapter.attempt(lambda: sum(len(document.page_content) for document in documents), 0)
        return await self._adapter.attempt_aside(partial(self._shortened, documents), documents, size)

    def stats(self) -> dict[str, int]:
        """Return what was saved so far, a request being a document; see `Adapter.stats`."""
        return self._adapter.stats()

    def _shortened(self, documents: Sequence[Document]) -> Sequence[Document]:
        return [self._adapter.attempt(partial(self._short, document), document) for document in documents]

    def _short(self, document: Document) -> Document:
        """Shorten one document without the others: a form that refers to them would not outlive a re-ranking."""
        (text,) = self._adapter.shorten([Returned("", document.page_content)]).messages
        return document if text is document.page_content else document.model_copy(update={"page_content": text})
