"""Benchmarks: whole programs beside the physical limit and peers, in one run (docs/benchmarks.md)."""
