"""The tables that a build has published: found through its manifest, read from checked copies."""

from datetime import date

from cinelake.engine.interface import Engine
from cinelake.errors import ConfigurationError
from cinelake.lake import Lake
from cinelake.lake.manifests import Manifest


def newest_build(lake: Lake, until: date | None) -> Manifest | None:
    """The manifest of the newest build up to a date, or of all; None where there is none."""
    builds = lake.manifests("build", until=until, on="the newest date")
    return builds[-1] if builds else None


def demand_build(lake: Lake, until: date | None) -> Manifest:
    """`newest_build`, which must be there.

    Raises:
        ConfigurationError: nothing was built up to that date.
    """
    lake.demand()
    build = newest_build(lake, until)
    if build is None:
        raise ConfigurationError(
            f"nothing was built in {lake}" + (f" up to {until}" if until else ""),
            "run cinelake build first" + (", or give a later --date" if until else ""),
        )
    return build


def attach_build(engine: Engine, lake: Lake, build: Manifest) -> tuple[str, ...]:
    """Lets an engine read a build's tables; returns their names, as in `refined.fact_title`.

    Raises:
        DataError: an object is not the one that the build wrote.
    """
    paths = lake.fetch_all(build.objects)
    names = []
    for told, path in zip(build.detail["tables"], paths, strict=True):
        names.append(f"{told['layer'].lower()}.{told['table']}")
        engine.attach(names[-1], path)
    return tuple(names)
