"""SQL over what lies in the lake."""

from cinelake.engine.opening import open_embedded, open_engine

__all__ = ["open_embedded", "open_engine"]
