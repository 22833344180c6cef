"""Policies on whole request bodies, run before the pipeline."""
