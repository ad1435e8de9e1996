"""Local files → Raw."""

from cinelake.land.awaiting import await_shards
from cinelake.land.run import LandOptions, LandResult, land_files
from cinelake.land.sources import Shard

__all__ = ["LandOptions", "LandResult", "Shard", "await_shards", "land_files"]
