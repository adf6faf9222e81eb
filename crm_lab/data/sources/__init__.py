"""Where data come from: one module a source, found by name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from crm_lab.checks import BadInput
from crm_lab.data.sources.base import Source
from crm_lab.project import project_root

PACKAGED = ("complete_journey", "cdnow", "cdnow_sample")


def source_names() -> tuple[str, ...]:
    """The sources that come with the lab.

    >>> "complete_journey" in source_names()
    True
    """
    return PACKAGED


def comes_with_the_lab(name: str) -> bool:
    """Whether a source, or a sample of it, is one of the lab's own or simulated by it.

    >>> comes_with_the_lab("cdnow,customers=300"), comes_with_the_lab("my_shop")
    (True, False)
    """
    return name.partition(",")[0] in PACKAGED or name.startswith("simulated:")


def find_source(name: str) -> Source:
    """The source of that name, a sample of its customers, or what a TOML file describes in its ``[source]`` table.

    >>> find_source("cdnow").currency
    'USD'

    Raises:
        BadInput: If there is no such source.
    """
    if name.endswith(".toml"):
        from crm_lab.data.sources.files import from_toml

        return from_toml(_beside_the_suites(name))
    if name.startswith("simulated:"):
        from crm_lab.data.sources.packaged.simulated import source

        return source(name)
    name, comma, settings = name.partition(",")
    if name not in PACKAGED:
        close = get_close_matches(name, PACKAGED, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise BadInput(
            f"source is {name!r}; it must be one of {', '.join(PACKAGED)}, simulated:SCENARIO, or a .toml file.{hint}"
        )
    made = _packaged(name)
    if comma:
        from crm_lab.data.sources.packaged.sample import sample_of

        return sample_of(made, settings)
    return made


def _packaged(name: str) -> Source:
    if name == "complete_journey":
        from crm_lab.data.sources.packaged import complete_journey

        return complete_journey.source()
    from crm_lab.data.sources.packaged import cdnow

    return cdnow.source(name)


def _beside_the_suites(name: str) -> Path:
    given = Path(name)
    return given if given.is_absolute() or given.exists() else project_root() / given
