"""Prove the lake against its manifests and the sources."""

from cinelake.verify.checks import Check
from cinelake.verify.run import VerifyOptions, VerifyResult, verify_lake

__all__ = ["Check", "VerifyOptions", "VerifyResult", "verify_lake"]
