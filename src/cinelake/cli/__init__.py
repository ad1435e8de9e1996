"""The command line: parse, call one stage, render its result."""

from cinelake.cli.app import main

__all__ = ["main"]
