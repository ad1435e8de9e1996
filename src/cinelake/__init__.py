"""From two files to answered questions, with proof, in a lake you own.

    from datetime import date
    from cinelake import Lake, Project, Run, run_pipeline

    project = Project.load(".")
    result = run_pipeline(project, Lake.open(project), Run.start(date(2022, 5, 2)))

Every stage of the command line is a function here: `land_files`, `enrich_titles`, `build_tables`, `ask_questions`,
`write_report`, `verify_lake`, `survey_lake`, `query_tables`, `tell_tables`, `expire_records`, `expire_builds`,
`register_tables`, and `run_pipeline` for those of a whole run, in order; `fetch_imdb` makes source files, and
`examine` looks at what is set up. Names are
loaded when they are first used, so that `import cinelake` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cinelake.ask import Answer, AskOptions, AskResult, ask_questions
    from cinelake.build import (
        BuildOptions,
        BuildResult,
        ExpireBuildsOptions,
        ExpireBuildsResult,
        build_tables,
        expire_builds,
    )
    from cinelake.catalog import CatalogOptions, CatalogResult, register_tables
    from cinelake.config import Project
    from cinelake.doctor import DoctorResult, Finding, Mend, examine
    from cinelake.enrich import (
        EnrichOptions,
        EnrichResult,
        ExpireOptions,
        ExpireResult,
        enrich_titles,
        expire_records,
    )
    from cinelake.errors import (
        AccessError,
        CinelakeError,
        ConfigurationError,
        DataError,
        ExitCode,
        ServiceError,
    )
    from cinelake.fetch import FetchOptions, FetchResult, fetch_imdb
    from cinelake.init import InitOptions, InitResult, make_project
    from cinelake.lake import Event, Lake, Run
    from cinelake.land import LandOptions, LandResult, Shard, await_shards, land_files
    from cinelake.pipeline import RunOptions, RunResult, run_pipeline
    from cinelake.query import (
        QueryOptions,
        QueryRelation,
        QueryResult,
        RelationOptions,
        TablesResult,
        TellingOptions,
        query_tables,
        relate_query,
        tell_tables,
    )
    from cinelake.report import ReportOptions, ReportResult, write_report
    from cinelake.survey import Entry, SurveyOptions, SurveyResult, survey_lake
    from cinelake.verify import Check, VerifyOptions, VerifyResult, verify_lake

__all__ = [
    "AccessError",
    "Answer",
    "AskOptions",
    "AskResult",
    "BuildOptions",
    "BuildResult",
    "CatalogOptions",
    "CatalogResult",
    "Check",
    "CinelakeError",
    "ConfigurationError",
    "DataError",
    "DoctorResult",
    "EnrichOptions",
    "EnrichResult",
    "Entry",
    "Event",
    "ExitCode",
    "ExpireBuildsOptions",
    "ExpireBuildsResult",
    "ExpireOptions",
    "ExpireResult",
    "FetchOptions",
    "FetchResult",
    "Finding",
    "InitOptions",
    "InitResult",
    "Lake",
    "LandOptions",
    "LandResult",
    "Mend",
    "Project",
    "QueryOptions",
    "QueryRelation",
    "QueryResult",
    "RelationOptions",
    "ReportOptions",
    "ReportResult",
    "Run",
    "RunOptions",
    "RunResult",
    "ServiceError",
    "Shard",
    "SurveyOptions",
    "SurveyResult",
    "TablesResult",
    "TellingOptions",
    "VerifyOptions",
    "VerifyResult",
    "ask_questions",
    "await_shards",
    "build_tables",
    "enrich_titles",
    "examine",
    "expire_builds",
    "expire_records",
    "fetch_imdb",
    "land_files",
    "make_project",
    "query_tables",
    "register_tables",
    "relate_query",
    "run_pipeline",
    "survey_lake",
    "tell_tables",
    "verify_lake",
    "write_report",
]

_HOMES = {
    "cinelake.ask": ("Answer", "AskOptions", "AskResult", "ask_questions"),
    "cinelake.build": (
        "BuildOptions",
        "BuildResult",
        "ExpireBuildsOptions",
        "ExpireBuildsResult",
        "build_tables",
        "expire_builds",
    ),
    "cinelake.catalog": ("CatalogOptions", "CatalogResult", "register_tables"),
    "cinelake.config": ("Project",),
    "cinelake.doctor": ("DoctorResult", "Finding", "Mend", "examine"),
    "cinelake.enrich": (
        "EnrichOptions",
        "EnrichResult",
        "ExpireOptions",
        "ExpireResult",
        "enrich_titles",
        "expire_records",
    ),
    "cinelake.errors": (
        "AccessError",
        "CinelakeError",
        "ConfigurationError",
        "DataError",
        "ExitCode",
        "ServiceError",
    ),
    "cinelake.fetch": ("FetchOptions", "FetchResult", "fetch_imdb"),
    "cinelake.init": ("InitOptions", "InitResult", "make_project"),
    "cinelake.lake": ("Event", "Lake", "Run"),
    "cinelake.land": ("LandOptions", "LandResult", "Shard", "await_shards", "land_files"),
    "cinelake.pipeline": ("RunOptions", "RunResult", "run_pipeline"),
    "cinelake.query": (
        "QueryOptions",
        "QueryRelation",
        "QueryResult",
        "RelationOptions",
        "TablesResult",
        "TellingOptions",
        "query_tables",
        "relate_query",
        "tell_tables",
    ),
    "cinelake.report": ("ReportOptions", "ReportResult", "write_report"),
    "cinelake.survey": ("Entry", "SurveyOptions", "SurveyResult", "survey_lake"),
    "cinelake.verify": ("Check", "VerifyOptions", "VerifyResult", "verify_lake"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
