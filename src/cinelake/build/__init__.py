"""Raw → Trusted → Refined."""

from cinelake.build.run import BuildOptions, BuildResult, build_tables

__all__ = ["BuildOptions", "BuildResult", "build_tables"]
