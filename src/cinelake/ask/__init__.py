"""Questions → answers."""

from cinelake.ask.run import Answer, AskOptions, AskResult, ask_questions

__all__ = ["Answer", "AskOptions", "AskResult", "ask_questions"]
