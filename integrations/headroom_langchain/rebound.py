"""Chains that a model has built around itself, with another model in its place."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableParallel, RunnableSequence
from langchain_core.runnables.base import RunnableBindingBase


def rebound(chain: Runnable[Any, Any], old: Runnable[Any, Any], new: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """Return the chain with `new` wherever it calls `old`: through bindings, in sequences and side by side."""
    if chain is old:
        return new
    if isinstance(chain, RunnableBindingBase):
        return chain.model_copy(update={"bound": rebound(chain.bound, old, new)})
    if isinstance(chain, RunnableSequence):
        return RunnableSequence(*(rebound(step, old, new) for step in chain.steps), name=chain.name)
    if isinstance(chain, RunnableParallel):
        return RunnableParallel({name: rebound(step, old, new) for name, step in chain.steps__.items()})
    return chain
