"""envkeep: keeps a record of a conda, mamba or venv environment, rebuilds it, and proves what came out."""

from __future__ import annotations

__version__ = "0.1.0"
