"""Probes of web pages: headings and links are critical, beginnings of sentences are needles."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_HIDDEN = frozenset({"script", "style", "head", "template", "noscript"})
_SENTENCE = re.compile(r"[.!?]\s+")
_SPACE = re.compile(r"\s+")


class _Page(HTMLParser):
    """Collects what a page shows, its headings and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.headings: list[str] = []
        self.links: list[str] = []
        self._hidden = 0
        self._heading: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") if tag == "a" else None
        if target and target.startswith("http"):
            self.links.append(target)
        self._hidden += tag in _HIDDEN
        if tag in _HEADINGS:
            self._heading = []

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        if tag in _HEADINGS and self._heading is not None:
            self.headings.append(_squeezed("".join(self._heading)).strip("§¶ ")[:100])
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.shown.append(data)
        if self._heading is not None:
            self._heading.append(data)


def html_probes(text: str, rng: random.Random) -> tuple[list[str], list[str]]:
    """Return critical probes and the pool of needles."""
    page = _Page()
    page.feed(text)
    page.close()
    links = rng.sample(page.links, min(4, len(page.links)))
    sentences = (sentence for said in page.shown for sentence in _SENTENCE.split(said))
    needles = [" ".join(words[:6]) for sentence in sentences if len(words := sentence.split()) >= 6]
    return page.headings[:16] + links, needles


def _squeezed(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
