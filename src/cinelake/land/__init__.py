"""Local files → Raw."""

from cinelake.land.run import LandOptions, LandResult, land_files

__all__ = ["LandOptions", "LandResult", "land_files"]
