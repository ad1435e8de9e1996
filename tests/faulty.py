"""A network that fails as it is told: a proxy between cinelake and a server of AWS's, with a log of what was asked."""

import json
import os
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from awscrt.checksums import crc64nvme

from projects import Place, S3Server

DEADLINE_S = 60.0
CHECKSUM = "x-amz-checksum-crc64nvme"
WORDS = {
    "InternalError": "We encountered an internal error. Please try again.",
    "ServiceUnavailable": "Reduce your request rate.",
    "SlowDown": "Please reduce your request rate.",
    "AccessDenied": "Access Denied",
}


# What goes wrong


@dataclass(frozen=True)
class Answer:
    """The proxy answers in the server's place, which is not asked."""

    status: int
    code: str
    words: str = ""
    """More of the answer's XML."""
    done: bool = False
    """The server is asked all the same, and does it."""


@dataclass(frozen=True)
class Reset:
    """The connection breaks off."""

    done: bool = False
    """After the server was asked and did it: only its answer is lost."""


@dataclass(frozen=True)
class Stall:
    """No answer comes, until the proxy is told to let go; the server is not asked."""


@dataclass(frozen=True)
class Truncate:
    """Half of the answer's body comes, then the connection ends."""


@dataclass(frozen=True)
class Flip:
    """One bit of the request's body changes on its way."""


@dataclass(frozen=True)
class Tell:
    """The server's answer has this header, whatever the server said."""

    header: str
    value: str | None
    """None takes the header away."""


@dataclass(frozen=True)
class TellChecksum:
    """The answer has the CRC64NVME of the body as it arrived: a service that keeps no checksums knows none."""


@dataclass(frozen=True)
class Do:
    """Something else happens at that moment."""

    action: Callable[[], object]
    done: bool = False
    """After the server was asked, before its answer goes back."""


@dataclass(frozen=True)
class Page:
    """The answer has so many of a list at most, and a token by which the next request is given those that follow."""

    of: str
    """The list's name in the answer."""
    size: int


Fault = Answer | Reset | Stall | Truncate | Flip | Tell | TellChecksum | Do | Page


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    """With the bucket, as it was written."""
    query: str
    operation: str = ""
    """Of a service that is asked for all by POST, such as Glue: `GetTables`."""
    client: str = field(default="", compare=False)
    """The address it came from."""

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return not self.operation.startswith("Get") if self.operation else self.method not in ("GET", "HEAD")

    @property
    def key(self) -> str:
        """The object's; empty for what is asked of the bucket."""
        return self.path.removeprefix("/").partition("/")[2]

    def __str__(self) -> str:
        return self.operation or f"{self.method} {self.path}{'?' if self.query else ''}{self.query}"


@dataclass
class Rule:
    """When a fault happens."""

    fault: Fault
    method: str
    part: str
    """Of the path with its query, or of the operation."""
    without: str
    """What the path with its query must not hold; empty for nothing."""
    first: int
    times: int | None
    """None for ever after."""
    seen: int = 0

    def matches(self, asked: Asked) -> bool:
        """Counts a request of the kind, and tells whether it is one of those that meet the fault."""
        whole = asked.operation or f"{asked.path}?{asked.query}"
        if asked.method != self.method or self.part not in whole or (self.without and self.without in whole):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)


@dataclass
class FaultyNetwork:
    """The proxy at work. Between the tests of a module it is made to forget."""

    server: S3Server
    host: str = "127.0.0.1"
    port: int = 0
    rules: list[Rule] = field(default_factory=list)
    log: list[Asked] = field(default_factory=list)
    """Every request, in the order in which they came."""
    moments: dict[int, Fault] = field(default_factory=dict)
    """What the request of that number meets, whatever it is."""
    stalled: threading.Event = field(default_factory=threading.Event)
    """Set once a request is kept waiting."""
    let_go: threading.Event = field(default_factory=threading.Event)
    met: int = 0
    """Requests that met a fault."""
    under_way: int = 0
    """Requests that came and are not done with."""
    lock: threading.Condition = field(default_factory=threading.Condition)

    def fail(
        self,
        fault: Fault,
        method: str,
        part: str = "",
        *,
        without: str = "",
        first: int = 1,
        times: int | None = 1,
    ) -> None:
        """Makes requests fail: those of a method whose path and query hold `part`, from the `first` on."""
        with self.lock:
            self.rules.append(Rule(fault, method, part, without, first, times))

    def mend(self) -> None:
        """From now on nothing fails; what is kept waiting is let go."""
        with self.lock:
            self.rules.clear()
            self.moments.clear()
        self.let_go.set()

    def fail_at(self, number: int, fault: Fault) -> None:
        """Makes the request of a number fail, from 1, whatever it is."""
        with self.lock:
            self.moments[number] = fault

    def forget(self) -> None:
        """As new, once all that is under way has ended."""
        self.mend()
        with self.lock:
            assert self.lock.wait_for(lambda: self.under_way == 0, DEADLINE_S)
            self.log.clear()
            self.met = 0
            self.stalled, self.let_go = threading.Event(), threading.Event()

    @property
    def writes(self) -> list[Asked]:
        """The requests that may have changed something."""
        with self.lock:
            return [asked for asked in self.log if asked.writes]

    def place(self) -> Place:
        """A bucket that does not exist yet, reached through this proxy; the server itself is looked at directly."""
        direct = Place.on(self.server)
        return replace(direct, variables={**direct.variables, "AWS_ENDPOINT_URL_S3": f"http://{self.host}:{self.port}"})

    @contextmanager
    def request(self, asked: Asked) -> Iterator[list[Fault]]:
        """Notes a request that is under way; gives the faults that it meets."""
        with self.lock:
            self.log.append(asked)
            self.under_way += 1
            faults = [rule.fault for rule in self.rules if rule.matches(asked)]
            faults += [fault for number, fault in self.moments.items() if number == len(self.log)]
            self.met += bool(faults)
        try:
            yield faults
        finally:
            with self.lock:
                self.under_way -= 1
                self.lock.notify_all()


@contextmanager
def faulty_network(server: S3Server, host: str = "127.0.0.1") -> Iterator[FaultyNetwork]:
    """A proxy before a server, on a port of its own, in threads of this process."""
    network = FaultyNetwork(server, host)

    class Handler(_Handler):
        network_of_this = network

    with _Proxy((host, 0), Handler) as proxy:
        network.port = proxy.server_address[1]
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield network
        finally:
            network.mend()
            proxy.shutdown()
            thread.join(DEADLINE_S)


# The proxy


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away while it was answered is no news."""


class _BrokenOffError(Exception):
    """This connection is over."""


class _Handler(BaseHTTPRequestHandler):
    network_of_this: ClassVar[FaultyNetwork]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _pass_on(self) -> None:
        path, _, query = self.path.partition("?")
        operation = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        asked = Asked(self.command, path, query, operation, self.client_address[0])
        with self.network_of_this.request(asked) as faults:
            try:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)), faults)
            except (_BrokenOffError, ConnectionError):
                self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815 the names that http.server looks for

    def _answer(self, body: bytes, faults: list[Fault]) -> None:
        for fault in faults:
            match fault:
                case Answer(done=False):
                    self._refuse(fault)
                    return
                case Reset(done=False):
                    self._break_off()
                case Stall():
                    self._keep_waiting()
                case Do(done=False):
                    fault.action()
        body = flipped(body) if Flip() in faults else body
        answer = self._ask_server(body)
        for fault in faults:
            match fault:
                case Answer(done=True):
                    self._refuse(fault)
                    return
                case Reset(done=True):
                    self._break_off()
                case Do(done=True):
                    fault.action()
        self._send(_retold(answer, faults, body), half=Truncate() in faults)

    def _ask_server(self, body: bytes) -> "_Answered":
        """Asks the server the very same, under the name that the client has signed."""
        address = urlsplit(self.network_of_this.server.endpoint)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE_S)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection", "content-length"):
                    connection.putheader(name, value)
            if body or self.command in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return _Answered(answer.status, answer.reason, answer.headers, answer.read())
        finally:
            connection.close()

    def _send(self, answer: "_Answered", *, half: bool = False) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "keep-alive"):
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", answer.headers.get("Content-Length") or "0")
        elif answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if half:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            raise _BrokenOffError
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _refuse(self, fault: Answer) -> None:
        words = fault.words or f"<Message>{WORDS.get(fault.code, fault.code)}</Message>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{fault.code}</Code>{words}</Error>'
        if "X-Amz-Target" in self.headers:
            body = json.dumps({"__type": fault.code, "Message": fault.words or WORDS.get(fault.code, fault.code)})
        headers = HTTPMessage()
        headers["Content-Type"] = "application/xml"
        self._send(_Answered(fault.status, "", headers, body.encode()))

    def _keep_waiting(self) -> None:
        let_go = self.network_of_this.let_go
        self.network_of_this.stalled.set()
        let_go.wait(DEADLINE_S)
        raise _BrokenOffError

    def _break_off(self) -> None:
        """Ends the connection with a reset, which a mere close would not be."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        raise _BrokenOffError

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 its name in http.server
        """Says nothing; `FaultyNetwork.log` has it."""


class _Answered(NamedTuple):
    """What the server has answered."""

    status: int
    reason: str
    headers: HTTPMessage
    body: bytes


def _retold(answer: _Answered, faults: list[Fault], arrived: bytes) -> _Answered:
    """An answer with other headers."""
    for fault in faults:
        if isinstance(fault, Tell):
            del answer.headers[fault.header]
            if fault.value is not None:
                answer.headers[fault.header] = fault.value
        elif isinstance(fault, TellChecksum):
            del answer.headers[CHECKSUM]
            answer.headers[CHECKSUM] = checksum_of(arrived)
        elif isinstance(fault, Page):
            answer = answer._replace(body=_page_of(answer.body, fault, json.loads(arrived).get("NextToken")))
    return answer


def _page_of(body: bytes, page: Page, token: str | None) -> bytes:
    """An answer in JSON with some of its list alone."""
    told, start = json.loads(body), int(token or 0)
    after = start + page.size
    more = {"NextToken": str(after)} if after < len(told[page.of]) else {}
    return json.dumps({**told, page.of: told[page.of][start:after], **more}).encode()


def flipped(body: bytes) -> bytes:
    """The same with one bit changed, in the middle."""
    place = len(body) // 2
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def checksum_of(body: bytes) -> str:
    """CRC64NVME in base64, as S3 tells it."""
    return b64encode(crc64nvme(body).to_bytes(8, "big")).decode()
