"""The form of a text that leaves things out: part by part, each by the compressor that recognises it.

What stays is encoded without loss where that is cheaper. Who may send the result, and whether it is worth it, is
not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from headroom.blocks import Fidelity, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding.ends import ends
from headroom.transforms.content_router import ContentRouter, Routed, is_unreadable
from headroom.transforms.sections import sections
from headroom.transforms.tag_protector import TagProtector
from headroom.transforms.view import View

SEVERAL_PARTS = "parts are left out, each noted in its place"


@dataclass(frozen=True, slots=True)
class Reduced:
    """A text as the model would read it but for the marker. `note` says what is missing; empty if nothing is."""

    text: str
    tokens: int
    note: str = ""
    compressor: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Reducer:
    """Reduces texts with one set of compressors, for one reader."""

    router: ContentRouter
    compressors: Sequence[Compressor]
    protector: TagProtector | None
    context: Context

    def reduce(self, view: View, hint: Hint) -> Reduced | None:
        """Return the cheapest form that leaves something out, or None if no compressor has one."""
        if is_unreadable(view):
            return None
        segments = self.protector.segments(view.text) if self.protector else []
        if any(segment.kept for segment in segments):
            parts = [
                self._as_it_is(segment.text) if segment.kept else self._cheapest(View(segment.text), hint)
                for segment in segments
            ]
            best = self._glued([segment.text for segment in segments], parts)
        else:
            best = self._cheapest(view, hint)
        return best if best.note else None

    def _cheapest(self, view: View, hint: Hint) -> Reduced:
        """Return the cheaper of the form of the whole text and that of its sections."""
        whole = self._whole(view, hint)
        of_one_kind = self.router.best(view, hint, self.context, self.compressors).of_one_kind
        texts = [view.text] if of_one_kind else sections(view.text)
        if len(texts) < 2:
            return whole
        cut = self._glued(texts, [self._whole(View(text), hint) for text in texts])
        return min((whole, cut), key=lambda form: form.tokens)

    def _whole(self, view: View, hint: Hint) -> Reduced:
        lossless = self.router.best(view, hint, self.context, self.compressors)
        forms = [self._named(lossless, view)]
        forms += self._reductions(view, hint)
        forms += self._inside_out(view, hint)
        drawn = lossless.result
        if drawn is not None and drawn.of is Fidelity.DISPLAY and drawn.tier is Tier.PLAIN:
            forms += self._reductions(View(drawn.text), hint)
        return min(forms, key=lambda form: form.tokens)

    def _reductions(self, view: View, hint: Hint) -> Iterator[Reduced]:
        for compressor in self.router.route(view, hint, self.compressors):
            for draft in self._drafts(compressor, view, hint):
                kept = View(draft.text)
                form = self.router.best(kept, hint, self.context, self.compressors)
                named = self._named(form, kept)
                encoding = "+".join(filter(None, (draft.encoding, named.encoding)))
                yield Reduced(named.text, named.tokens, draft.note, compressor.name, encoding)

    def _inside_out(self, view: View, hint: Hint) -> Iterator[Reduced]:
        """Yield the text with the texts within it reduced, each as if it stood alone."""
        for compressor in self.router.route(view, hint, self.compressors):
            inner = compressor.inner(view, self.context)
            parts = [] if inner is None else [self._cheapest(View(text), hint) for text in inner.texts]
            if inner is None or not any(part.note for part in parts):
                continue
            put = inner.put([_with_note(part) for part in parts])
            outer = compressor.cheapest(View(put.text), self.context, view.tokens(self.context.count))
            if outer is not None:
                names = "+".join([compressor.name, *_distinct(part.compressor for part in parts)])
                encodings = "+".join([outer.result.encoding, *_distinct(part.encoding for part in parts)])
                yield Reduced(outer.result.text, outer.tokens, SEVERAL_PARTS, names, encodings)

    def _drafts(self, compressor: Compressor, view: View, hint: Hint) -> Iterable[Reduction]:
        if self.context.by_importance:
            return compressor.reductions(view, hint, self.context)
        found = ends(view.lines)
        return () if found is None else (Reduction(*found, "ends"),)

    def _named(self, form: Routed, view: View) -> Reduced:
        if form.result is None:
            return Reduced(view.text, view.tokens(self.context.count))
        return Reduced(form.result.text, form.tokens, "", form.compressor, form.result.encoding)

    def _as_it_is(self, text: str) -> Reduced:
        return Reduced(text, self.context.count(text))

    def _glued(self, texts: Sequence[str], parts: Sequence[Reduced]) -> Reduced:
        """Put parts together again; what each leaves out is noted at its end, where the next one begins."""
        text = "".join(map(_with_note, parts))
        if texts and not texts[-1].endswith("\n"):
            text = text.removesuffix("\n")
        names = "+".join(_distinct(part.compressor for part in parts))
        encodings = "+".join(_distinct(part.encoding for part in parts))
        note = SEVERAL_PARTS if any(part.note for part in parts) else ""
        return Reduced(text, self.context.count(text), note, names, encodings)


def _with_note(part: Reduced) -> str:
    """Return a part of a text; what it leaves out is noted on the last of its lines."""
    return f"{part.text.rstrip(chr(10))}\n[{part.note}]\n" if part.note else part.text


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))
