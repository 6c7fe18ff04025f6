"""What a plan contacts, downloads and runs, worked out from its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkeep.model import matchspec
from envkeep.model.channels import channel_base_urls
from envkeep.model.urls import host, path_of_file_url
from envkeep.planning.plan import CloneCheckout, Contact, InstallPip, MakeConda, PipLine, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["with_totals"]


def with_totals(plan: Plan) -> Plan:
    """Return a plan whose contacts, sizes and link scripts are those of its steps."""
    conda = plan.conda_step
    packages = conda.packages if conda is not None else ()
    found: dict[str, Contact] = {}
    for contact in _contacts(plan):
        found.setdefault(contact.where, contact)
    return replace(
        plan,
        contacts=tuple(found.values()),
        download=sum(package.size or 0 for package in packages),
        size_unknown=sum(package.size is None for package in packages),
        link_scripts=tuple(sorted(package.name for package in packages if package.link_scripts)),
    )


def _contacts(plan: Plan) -> Iterator[Contact]:
    for step in plan.steps:
        if isinstance(step, MakeConda):
            for package in step.packages:
                if package.url is not None:
                    # a local channel is named by its folder, not by each file in it
                    yield Contact(where=_place(package.url.rpartition("/")[0].rpartition("/")[0]), why="conda artefacts")
            for spec in step.specs:
                yield from _of_spec(spec)
            if not step.settled:
                why = "a solve" if step.specs else "conda artefacts that are gone from where they were"
                for channel in plan.channels:
                    for url in channel_base_urls(channel):
                        yield Contact(where=_place(url), why=why)
        elif isinstance(step, CloneCheckout):
            yield Contact(where=_place(step.url), why=f"the checkout of {step.name}")
        elif isinstance(step, InstallPip):
            if step.deps or not all(_is_wheel(line) for line in step.lines):
                for url in plan.index_urls:
                    yield Contact(where=_place(url), why="Python packages")
                for folder in plan.find_links:
                    yield Contact(where=folder, why="Python packages")
                if not (plan.find_links and plan.offline):
                    yield Contact(where="the package index of your pip or uv settings", why="Python packages")
            for line in step.lines:
                if line.origin is not None:
                    yield Contact(where=_place(line.origin.url), why=line.name)


def _is_wheel(line: PipLine) -> bool:
    # what is built needs tools to build with, and those come from an index
    return line.origin is not None and line.origin.url.partition("#")[0].endswith(".whl")


def _of_spec(text: str) -> Iterator[Contact]:
    # a spec can name a place of its own: `channel::name`, `name[url=https://...]`
    spec = matchspec.parse(text)
    for url in channel_base_urls(spec.channel) if spec.channel else ():
        yield Contact(where=_place(url), why=f"the channel that {spec.name} is asked from")
    for key, value in spec.brackets:
        if key == "url":
            yield Contact(where=_place(value), why=spec.name)


def _place(url: str) -> str:
    # file://server/share is a server's, whatever it looks like to Windows
    return host(url) or path_of_file_url(url) or url
