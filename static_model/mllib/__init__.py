"""Pipelines that Spark ML saved, read without Spark."""

from __future__ import annotations

from .reader import SavedPipeline, check_required, read_pipeline

__all__ = ["SavedPipeline", "check_required", "read_pipeline"]
