"""Local files → Raw."""

from cinelake.land.run import LandOptions, LandResult, land_files
from cinelake.land.sources import Shard

__all__ = ["LandOptions", "LandResult", "Shard", "land_files"]
