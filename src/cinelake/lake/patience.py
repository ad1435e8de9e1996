"""How long a service is waited for, and how often it is asked again, before a command says that it failed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cinelake.errors import ServiceError
from cinelake.lake.failures import BusyError, DamagedError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """Every request is tried again where that may help, with growing waits and jitter, and never without end."""

    connect_s: float = 5
    """For a connection."""
    silence_s: float = 30
    """For an answer, or for the next piece of one. What is sent in one request through obstore has a megabyte at most,
    and has this time as a whole."""
    tries: int = 5
    """Of a request, in all; the waits between boto3's grow to 20 s."""
    again_s: float = 60
    """After this obstore begins no further try of a request."""
    rounds: int = 4
    """Of what goes through obstore, each with the tries of its requests: it leaves alone a conditional request and an
    answer that broke off."""
    wait_s: float = 0.2
    """The longest the first wait between two rounds may be; each next one may be twice as long."""
    wait_at_most_s: float = 5
    """However many the rounds."""

    @property
    def bound_s(self) -> float:
        """After so long at most the sending of one object or part to a service that does nothing but fail has ended."""
        by_boto3 = self.tries * (self.connect_s + self.silence_s) + sum(min(2.0**n, 20) for n in range(self.tries - 1))
        by_obstore = self.rounds * (self.again_s + self.connect_s + self.silence_s) + self.rounds * self.wait_at_most_s
        return max(by_boto3, by_obstore)


def passes(error: BaseException) -> bool:
    """Whether a service could not do a thing now."""
    return isinstance(error, ServiceError) and not isinstance(error, DamagedError)


def damages(error: BaseException) -> bool:
    """Whether a thing arrived damaged."""
    return isinstance(error, DamagedError)


def meets_another(error: BaseException) -> bool:
    """Whether somebody else was just writing the same."""
    return isinstance(error, BusyError)


def persistently(
    do: Callable[[], Result], patience: Patience, *, where: Callable[[BaseException], bool] = passes
) -> Result:
    """Tries again, some rounds, where it fails in a way that may pass."""
    try:
        return do()
    except ServiceError as error:
        if not where(error):
            raise
        # Loading it takes longer than a small landing.
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        again = Retrying(
            retry=retry_if_exception(where),
            stop=stop_after_attempt(max(1, patience.rounds - 1)),
            wait=wait_random_exponential(patience.wait_s, max=patience.wait_at_most_s),
            reraise=True,
        )
        return again(do)
