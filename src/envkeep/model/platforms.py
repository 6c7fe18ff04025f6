"""This machine's platform, by conda's name of it."""

from __future__ import annotations

import os
import sys

__all__ = ["machine_subdir"]

_MACHINES = {
    "amd64": "64",
    "x86_64": "64",
    "i386": "32",
    "i686": "32",
    "x86": "32",
    "arm64": "arm64",
    "aarch64": "aarch64",
}


def machine_subdir() -> str:
    """Return conda's name of the platform that this process runs on."""
    if sys.platform == "win32":
        machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "AMD64")
        return f"win-{_MACHINES.get(machine.lower(), '64')}"
    machine = os.uname().machine.lower()
    if sys.platform == "darwin":
        return "osx-arm64" if machine == "arm64" else "osx-64"
    if sys.platform.startswith("linux") and machine == "x86_64" and sys.maxsize < 2**32:
        # a 32-bit Python on a 64-bit kernel
        return "linux-32"
    system = "linux" if sys.platform.startswith("linux") else sys.platform.rstrip("0123456789")
    known = _MACHINES.get(machine, machine)
    return f"{system}-{'aarch64' if known == 'arm64' else known}"
