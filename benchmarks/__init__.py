"""One command for each thing that is measured; each prints its table and writes its part of docs/benchmarks.md."""
