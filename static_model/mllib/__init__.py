"""Pipelines that Spark ML saved, read without Spark."""

from __future__ import annotations

from .reader import SavedPipeline, read_pipeline

__all__ = ["SavedPipeline", "read_pipeline"]
