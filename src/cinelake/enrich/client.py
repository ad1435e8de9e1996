"""TMDB over HTTP: each request in its turn, again where that may help, and in words where nothing does."""

import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from cinelake.config.environment import Environment
from cinelake.config.redaction import masked, redacted
from cinelake.enrich.interface import WHERE_FROM, NoTokenError
from cinelake.enrich.pace import Pace
from cinelake.enrich.records import read_object
from cinelake.errors import AccessError, ConfigurationError, ServiceError

TRIES = 6
"""Of a request, in all, 429 among them."""
CONNECT_S, SILENCE_S, TOTAL_S = 5.0, 10.0, 30.0
"""For a connection, for the next piece of an answer, and for all of it."""
WAIT_S, WAIT_AT_MOST_S = 0.5, 8.0
"""The longest wait before the second try, and before any."""
PATIENCE_S = 300.0
"""TMDB may ask to wait so long; where it asks for more, a later run is better."""
RECORD_BYTES = 8_000_000
"""A longer answer is no record: the largest are far below a megabyte."""


class Answer(NamedTuple):
    """What TMDB answered, read and to the letter."""

    read: dict[str, Any]
    text: str


class NoAnswerError(Exception):
    """A request that failed for good, while others do not: `why` says how, without its address."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BudgetSpentError(Exception):
    """As many requests were made as may be."""


class _PassingError(Exception):
    """A try failed in a way that may pass."""


class _ThrottledError(_PassingError):
    """TMDB asks to slow down; the pace waits for it."""


class Client:
    """The calls of TMDB's API, version 3. Used as an asynchronous context, in one event loop."""

    def __init__(
        self,
        base_url: str,
        environment: Environment,
        *,
        pace: Pace,
        max_requests: int | None = None,
        tries: int = TRIES,
    ) -> None:
        """Gets ready; nothing is asked yet.

        Args:
            base_url: without a final slash.
            environment: whose token is sent, as a header; without one, whose key, in each address.
            pace: when a request may go.
            max_requests: in all, those of further tries among them.
            tries: of a request, in all.

        Raises:
            NoTokenError: there is neither a token nor a key.
            ConfigurationError: the environment names a proxy that is none.
        """
        self._base_url = base_url
        self._headers = {"Accept": "application/json", "User-Agent": f"cinelake/{version('cinelake')}"}
        self._query: dict[str, str] = {}
        if environment.tmdb_token is not None:
            self._headers["Authorization"] = f"Bearer {environment.tmdb_token.get_secret_value()}"
        elif environment.tmdb_api_key is not None:
            self._query["api_key"] = environment.tmdb_api_key.get_secret_value()
        else:
            hint = environment.hint_at(WHERE_FROM, "TMDB_TOKEN", "TMDB_API_KEY")
            raise NoTokenError("neither TMDB_TOKEN nor TMDB_API_KEY is set, so TMDB cannot be asked", hint)
        self._name = "TMDB_API_KEY" if self._query else "TMDB_TOKEN"
        self._where = redacted(base_url)
        # aiohttp's own way to the environment's proxy takes logins from ~/.netrc, too, and sends them to TMDB.
        address = urlsplit(base_url)
        self._proxy = None if proxy_bypass(address.hostname or "") else _proxy_for(address.scheme)
        held = (environment.tmdb_token, environment.tmdb_api_key)
        self._secrets = [secret.get_secret_value() for secret in held if secret is not None]
        self._pace = pace
        self._max_requests = max_requests
        self._tries = tries
        self.requests = 0
        """Made so far."""
        self.refusals = 0
        """Answers that asked to slow down."""
        self._answered_at = float("-inf")
        self._is_tmdb = False
        """Once it has answered as TMDB does."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S, sock_read=SILENCE_S),
            connector=aiohttp.TCPConnector(limit=0),  # who asks bounds how many there are
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer | None:
        """Asks with GET; None where TMDB has no such thing (404).

        Raises:
            NoAnswerError: it failed time and again, or for a reason that stays, while TMDB can be reached.
            BudgetSpentError: no further request may be made.
            AccessError: the token or key is refused.
            ServiceError: TMDB cannot be reached: nothing at all got through since the first try.
        """
        began_at = time.monotonic()
        again = AsyncRetrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(self._tries),
            wait=_wait,
            reraise=True,
        )
        try:
            return await again(self._ask, path, {**(query or {}), **self._query})
        except _PassingError as error:
            # The causes have the address, and a key may stand in it.
            if self._answered_at < began_at and not await self._answers():
                raise ServiceError(
                    f"TMDB at {self._where} cannot be used: {error}, {self._tries} times",
                    "check the network and tmdb.base_url in lake.toml, then run again: it goes on where it stopped",
                ) from None
            raise NoAnswerError(str(error)) from None

    async def _answers(self) -> bool:
        """Whether TMDB answers a question of no title's: it may be this one request that it fails."""
        try:
            await self._ask("/3/configuration", self._query)
        except (_PassingError, NoAnswerError):
            return False
        except BudgetSpentError:
            return True
        return True

    async def _ask(self, path: str, query: Mapping[str, str]) -> Answer | None:
        """One try."""
        sent_at = await self._pace.turn()
        if self._max_requests is not None and self.requests >= self._max_requests:
            raise BudgetSpentError
        self.requests += 1
        try:
            async with self._session.get(
                self._base_url + path, params=query, allow_redirects=False, proxy=self._proxy
            ) as response:
                status, headers = response.status, response.headers
                body = await _read(response)
        except TimeoutError:
            raise _PassingError("it did not answer in time") from None
        except aiohttp.ClientConnectorCertificateError:
            raise ServiceError(
                f"the certificate of TMDB at {self._where} is not trusted",
                "check tmdb.base_url in lake.toml; for a company's proxy, name its authority in SSL_CERT_FILE",
            ) from None
        except aiohttp.ClientProxyConnectionError as error:
            told = error.os_error.strerror or "no such host"
            raise _PassingError(f"the proxy {redacted(self._proxy or '')} could not be reached ({told})") from None
        except aiohttp.ClientConnectorError as error:
            raise _PassingError(f"it could not be reached ({error.os_error.strerror or 'no such host'})") from None
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
            raise _PassingError(f"the connection failed ({type(error).__name__})") from None
        return self._judge(status, headers, body, sent_at)

    def _judge(self, status: int, headers: Mapping[str, str], body: bytes, sent_at: float) -> Answer | None:
        if status == 429:
            self.refusals += 1
            self._slow_down(headers.get("Retry-After"), sent_at)
            raise _ThrottledError("it asks to slow down (429)")
        if status in (401, 403):
            raise AccessError(
                f"TMDB refuses the credential in {self._name} ({status}{self._words_of(body)})",
                "TMDB_TOKEN is the long read access token, TMDB_API_KEY the key of 32 characters: " + WHERE_FROM,
            )
        if status >= 500 or status == 408:
            raise _PassingError(f"it failed ({status}{self._words_of(body)})")
        if 300 <= status < 400:
            raise ServiceError(
                f"TMDB at {self._where} answers that it has moved ({status})", "mend tmdb.base_url in lake.toml"
            )
        answer = self._answer_of(status, body)
        self._answered_at, self._is_tmdb = time.monotonic(), True
        return answer

    def _answer_of(self, status: int, body: bytes) -> Answer | None:
        """An answer of TMDB's, read; None where it has no such thing. What is no answer of its own tells nothing."""
        try:
            text = body.decode()
            read = read_object(text)
        except ValueError as error:
            if status == 200:
                raise _PassingError("its answer is no JSON object") from error
            read = {}
        if status == 200:
            if read.get("success") is False:
                raise _PassingError(f"its answer is an error{self._words_of(body)}")
            return Answer(read, text)
        if status == 404 and ("status_code" in read or read.get("success") is False):
            return None
        if status == 404 and not self._is_tmdb:
            raise ServiceError(f"what answers at {self._where} is not TMDB (404)", "mend tmdb.base_url in lake.toml")
        raise NoAnswerError(f"it answered {status}{self._words_of(body)}")

    def _words_of(self, body: bytes) -> str:
        """TMDB's own words for an error, where they are some; a service may repeat the request in them."""
        try:
            words = read_object(body.decode()).get("status_message")
        except ValueError:
            return ""
        return f": {masked(words, self._secrets)[:200]}" if isinstance(words, str) else ""

    def _slow_down(self, told: str | None, sent_at: float) -> None:
        pause_s = retry_after_s(told, datetime.now(UTC))
        if pause_s is not None and pause_s > PATIENCE_S:
            raise ServiceError(
                f"TMDB asks to wait for {pause_s:,.0f} seconds", "run again after that: it goes on where it stopped"
            )
        self._pace.slow_down(sent_at, pause_s)


def _proxy_for(scheme: str) -> str | None:
    """The proxy that the environment names, as urllib finds it.

    Raises:
        ConfigurationError: it is none that can be asked.
    """
    proxy = getproxies().get(scheme)
    if proxy is not None and not re.fullmatch(r"https?://[^/?#]+/?", proxy):
        raise ConfigurationError(
            f"{scheme}_proxy is {redacted(proxy)!r}: that is no address of a proxy",
            "write it as http://HOST:PORT, or unset it",
        )
    return proxy


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > RECORD_BYTES:
            raise NoAnswerError(f"its answer is longer than {RECORD_BYTES:,} bytes")
    return bytes(body)


def retry_after_s(told: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3); None where it tells none."""
    if told is None:
        return None
    if told.strip().isdecimal():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _wait(state: RetryCallState) -> float:
    if state.outcome is not None and isinstance(state.outcome.exception(), _ThrottledError):
        return 0  # the pace waits
    return wait_random_exponential(WAIT_S, max=WAIT_AT_MOST_S)(state)
