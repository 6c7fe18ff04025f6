"""One file per file format; each reads and writes."""
