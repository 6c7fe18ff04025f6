"""How fast envkeep is, beside what others take for the same work: ``python -m benchmarks``."""
