"""Raw → Trusted → Refined."""

from cinelake.build.expire import ExpireBuildsOptions, ExpireBuildsResult, expire_builds
from cinelake.build.run import BuildOptions, BuildResult, build_tables

__all__ = [
    "BuildOptions",
    "BuildResult",
    "ExpireBuildsOptions",
    "ExpireBuildsResult",
    "build_tables",
    "expire_builds",
]
