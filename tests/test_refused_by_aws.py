"""What AWS answers to those whom it does not know or does not let in: each in its own words, with the next thing to do.

No server here gives these answers, so a real HTTP server of the tests' own does.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from projects import Place, ProjectFolder
from refusals import refusal


@dataclass(frozen=True)
class Answers:
    """How the service answers: HEAD of the bucket with a status alone, all else with an error or a document."""

    status: int
    code: str = ""
    documents: tuple[tuple[str, str], ...] = ()
    """By a part of the query."""
    headers: tuple[tuple[str, str], ...] = ()
    more: str = ""
    """The whole of the error's document, where it is not the usual one."""


@contextmanager
def service(answers: Answers) -> Iterator[Place]:
    """A service on the loopback that answers so; yields a bucket on it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            document = next((body for query, body in answers.documents if query in self.path), None)
            body = (
                document
                or answers.more
                or f"<Error><Code>{answers.code}</Code><Message>told to the tests</Message></Error>"
            )
            self.send_response(200 if document else answers.status)
            for name, value in (*answers.headers, ("Content-Type", "application/xml")):
                self.send_header(name, value)
            data = b"" if self.command == "HEAD" else body.encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_HEAD = do_GET = do_PUT = do_POST = _answer  # noqa: N815 the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_address[1]}"
            keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T"}
            yield Place("s3://lake-of-mine", {**keys, "AWS_ENDPOINT_URL_S3": address})
        finally:
            server.shutdown()
            thread.join()


REQUESTER = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"


@pytest.mark.parametrize(
    ("answers", "code", "what", "hint"),
    [
        (Answers(403, "ExpiredToken"), 4, "the session token has expired", "get new credentials"),
        (Answers(400, "ExpiredToken"), 4, "the session token has expired", "get new credentials"),
        (Answers(403, "InvalidToken"), 4, "the session token is not valid", "AWS_SESSION_TOKEN"),
        (Answers(403, "InvalidAccessKeyId"), 4, "the access key is unknown", "AWS_ACCESS_KEY_ID"),
        (Answers(403, "SignatureDoesNotMatch"), 4, "the secret access key is wrong", "AWS_SECRET_ACCESS_KEY"),
        (Answers(403, "RequestTimeTooSkewed"), 4, "this machine's clock is wrong", "set the clock"),
        (Answers(403, "AllAccessDisabled"), 4, "access is disabled", "another bucket"),
        (Answers(403, "AccessDenied"), 4, "it belongs to somebody else, or your credentials may not", "s3:ListBucket"),
        (
            Answers(403, "AccessDenied", (("requestPayment", REQUESTER),)),
            4,
            "whoever asks it pays for it (requester pays)",
            "requester pays off",
        ),
        (
            Answers(301, "PermanentRedirect", headers=(("x-amz-bucket-region", "sa-east-1"),)),
            4,
            "it is in region sa-east-1",
            "set AWS_REGION=sa-east-1",
        ),
    ],
    ids=lambda each: each.code if isinstance(each, Answers) else None,
)
def test_each_refusal_has_its_own_words(
    folder: ProjectFolder, answers: Answers, code: int, what: str, hint: str
) -> None:
    with service(answers) as place:
        told = refusal(folder, "land", code=code, place=place)
    assert "lake-of-mine" in told.what
    assert what in told.what
    assert hint in told.hint
    assert "told to the tests" not in told.words
