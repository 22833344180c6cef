"""One request's way through the house, and the seams along it."""

from headroom.pipeline.hooks import CompressionEvent, CompressionHooks, HookContext
from headroom.pipeline.run import Pipeline
from headroom.pipeline.stages import Exchange, PipelineEvent, PipelineExtension, PipelineStage

__all__ = [
    "CompressionEvent",
    "CompressionHooks",
    "Exchange",
    "HookContext",
    "Pipeline",
    "PipelineEvent",
    "PipelineExtension",
    "PipelineStage",
]
