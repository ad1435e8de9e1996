"""AWS Lambda's side of a function: what it tells of an invocation, and its Runtime API, which speaks plain HTTP."""

import json
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from cinelake.aws.functions import KEPT_S

ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """Its context: how much time it has."""

    until: float
    """By the monotonic clock."""

    @classmethod
    def lasting(cls, seconds: float) -> "Invocation":
        """One that has so long, beside what is kept for its end."""
        return cls(time.monotonic() + seconds + KEPT_S)

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda's."""
        return max(0, round(1000 * (self.until - time.monotonic())))


@dataclass(frozen=True)
class Ended:
    """What a function has posted."""

    how: Literal["response", "error", "init"]
    body: Any


@dataclass
class RuntimeApi:
    """What the runtime in an image asks for events, and posts results to; see AWS's "Lambda runtime API"."""

    address: str = ""
    _events: "queue.Queue[tuple[Mapping[str, Any], float]]" = field(default_factory=queue.Queue)
    _ended: "queue.Queue[Ended]" = field(default_factory=queue.Queue)

    def invoke(self, event: Mapping[str, Any], *, seconds: float, timeout_s: float = 120) -> Ended:
        """Invokes the function, and waits for what it posts."""
        self._events.put((event, seconds + KEPT_S))
        return self._ended.get(timeout=timeout_s)


@contextmanager
def runtime_api() -> Iterator[RuntimeApi]:
    """The API, on the loopback."""
    api = RuntimeApi()
    left = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == f"{ROOT}/invocation/next"
            while True:
                try:
                    event, seconds = api._events.get(timeout=0.1)
                    break
                except queue.Empty:
                    if left.is_set():
                        self.close_connection = True
                        return
            deadline = round(1000 * (time.time() + seconds))
            arn = "arn:aws:lambda:us-east-1:123456789012:function:enrich"
            headers = {
                "Lambda-Runtime-Aws-Request-Id": "11111111-2222-3333-4444-555555555555",
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
            }
            self._answer(200, json.dumps(event).encode(), headers)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            how: Any = "init" if self.path.endswith("/init/error") else self.path.rpartition("/")[2]
            api._ended.put(Ended(how, body))
            self._answer(202, b"{}", {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in (*headers.items(), ("Content-Type", "application/json")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api.address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield api
        finally:
            left.set()
            server.shutdown()
