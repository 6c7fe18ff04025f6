"""A prefix -> Record: discovery and the readers of conda-meta, history, site-packages and the interpreter."""
