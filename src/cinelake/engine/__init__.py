"""SQL over what lies in the lake."""

from cinelake.engine.opening import open_engine

__all__ = ["open_engine"]
