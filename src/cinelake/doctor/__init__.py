"""What is set up, what is missing, and how to mend it."""

from cinelake.doctor.findings import DoctorResult, Finding, Mend
from cinelake.doctor.policy import least_policy
from cinelake.doctor.run import examine, find_policy

__all__ = ["DoctorResult", "Finding", "Mend", "examine", "find_policy", "least_policy"]
