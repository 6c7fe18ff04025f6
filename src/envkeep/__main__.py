"""``python -m envkeep`` is the ``envkeep`` command."""

from __future__ import annotations

from envkeep.cli.at_start import main

if __name__ == "__main__":
    main()
