"""What a build will do, decided from its inputs and its models; touches nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BuildPlan:
    """Whether to build, and what the build is made of."""

    fingerprint: str
    """SHA-256 of all that the tables depend on: the same fingerprint, the same tables."""
    needed: bool
    """False where the newest build has this fingerprint already."""


def plan_build(
    inputs: Sequence[tuple[str, str, str]],
    models: Mapping[str, str],
    settings: Mapping[str, object],
    *,
    version: str,
    built: str | None,
) -> BuildPlan:
    """What the tables depend on decides, never the clock.

    Args:
        inputs: key and SHA-256 of each Raw object and, of one with TMDB's records, when they were asked: of two
            records of a title the newer counts, so the same objects asked in another order make other tables.
        models: the text of each model by its table's name.
        settings: what else changes how Raw is read.
        version: of this program.
        built: fingerprint of the newest build; None where there is none.
    """
    told = json.dumps([sorted(inputs), sorted(models.items()), settings, version], sort_keys=True, default=str)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return BuildPlan(fingerprint, needed=fingerprint != built)
