"""A new project folder."""

from cinelake.init.run import InitOptions, InitResult, make_project

__all__ = ["InitOptions", "InitResult", "make_project"]
