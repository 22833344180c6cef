"""Tests of the adapter, in the environments of its framework."""
