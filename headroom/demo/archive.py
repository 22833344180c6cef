"""What was left out, fetched from the proxy by its handle, as programs of the same owner may do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from headroom.demo.link import Answer, Link

_CREDENTIALS = ("authorization", "x-api-key")


@dataclass(frozen=True, slots=True)
class Archive:
    """The originals that a proxy keeps, behind `GET /v1/retrieve/{hash}`."""

    link: Link

    def original(self, handle: str, headers: Mapping[str, str]) -> str | None:
        """Return the whole original for the sender of these headers, None if the proxy does not give it."""
        answer = self._ask(handle, headers)
        if answer.status != 200:
            return None
        given = json.loads(answer.body)
        text: str = given["original_content"]
        return text if given["whole"] else None

    def is_closed(self, handle: str, headers: Mapping[str, str]) -> bool:
        """Say whether the proxy knows nothing of the handle if asked with another credential than in these headers."""
        stranger = {name: "Bearer another" if name in _CREDENTIALS else value for name, value in headers.items()}
        return self._ask(handle, stranger).status == 404

    def _ask(self, handle: str, headers: Mapping[str, str]) -> Answer:
        return self.link.ask("GET", f"/v1/retrieve/{handle}", headers)
