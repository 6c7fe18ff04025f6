"""``envkeep doctor``."""

from __future__ import annotations

import os

from envkeep.cli.answering import answering
from envkeep.cli.options import AsJson, Home, Quiet, Verbose

__all__ = ["command"]


def command(home: Home = None, json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Say which engines and installers are there, and whether settings and store are sound. Exit status 3 if they are not.

    Example: envkeep doctor
    """
    with answering("doctor", home, json=json, quiet=quiet, verbose=verbose) as run:
        import shutil

        from envkeep import __version__
        from envkeep.engines.pythons import pythons
        from envkeep.engines.select import engines_found
        from envkeep.report.doctor import Health, WrongSettings, doctor_text
        from envkeep.report.progress import progress_for
        from envkeep.restoring.aside import waiting
        from envkeep.store.integrity import examine
        from envkeep.store.journal import Journal

        # who asks what is wrong is told, and what else there is to know
        config, wrong = run.config_or_default()
        store = run.store(config)
        progress = progress_for(quiet=quiet)
        progress.start("looking for engines and Pythons")
        try:
            engines, found = engines_found(), pythons()
        finally:
            progress.finish()
        health = Health(
            version=__version__,
            store=store.path,
            settings=None if wrong is None else WrongSettings(fact=wrong.fact, remedy=wrong.remedy),
            engines=engines,
            uv=shutil.which("uv", path=os.environ.get("PATH")),
            pythons=found,
            findings=examine(store),
            rebuilds=(*run.found, *waiting(Journal(config.home))),
        )
        run.answer(health, lambda: doctor_text(health), status=3 if health.findings or health.settings or run.found else 0)
