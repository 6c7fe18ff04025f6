"""Frozen records, names, versions and MatchSpec strings; no I/O."""
