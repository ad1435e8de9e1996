"""Where bytes rest: keys, stores, bucket, checksums, manifests."""

from cinelake.lake.lake import Lake, StoredObject
from cinelake.lake.runs import Event, OnEvent, Run, Status, silent

__all__ = ["Event", "Lake", "OnEvent", "Run", "Status", "StoredObject", "silent"]
