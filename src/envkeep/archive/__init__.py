"""One file with every artefact of a record."""
