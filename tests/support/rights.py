"""What of the file system's rights a test can see."""

from __future__ import annotations

import os

import pytest

__all__ = ["not_root"]

not_root = pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
