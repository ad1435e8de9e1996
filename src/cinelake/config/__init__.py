"""lake.toml + .env + environment → one frozen Project."""

from cinelake.config.project import CONFIGURATION, Project, parse_date
from cinelake.config.settings import Analysis, Source, Tmdb
from cinelake.config.uri import BucketLake, FolderLake, LakeURI

__all__ = [
    "CONFIGURATION",
    "Analysis",
    "BucketLake",
    "FolderLake",
    "LakeURI",
    "Project",
    "Source",
    "Tmdb",
    "parse_date",
]
