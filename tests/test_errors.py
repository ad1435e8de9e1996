"""One tree of errors: what the libraries below us raise comes out as one of ours, in words, with the right code."""

import ast
import errno
import inspect
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore import exceptions as store

from cinelake import errors
from cinelake.errors import AccessError, CinelakeError, ConfigurationError, DataError, ExitCode, ServiceError
from cinelake.lake.failures import lake_failures

DOING = "cannot write s3://lake/Raw/Local/CSV/Movies/2022/05/02/movies.csv"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OBSTORE_TEXT = """The operation lacked the necessary privileges to complete for path a: Error performing PUT \
http://127.0.0.1/lake/a?X-Amz-Signature={secret} in 1.5ms - {answer}

Debug source:
PermissionDenied {{
    path: "a",
    source: RetryError(RetryErrorImpl {{ method: PUT, authorization: "{secret}", inner: "{answer}" }}),
}}"""


def failure_of(error: BaseException) -> CinelakeError:
    """What a store's error comes out as: one to three lines, no secret, and the cause kept for -vv."""
    with pytest.raises(CinelakeError) as raised, lake_failures(DOING):
        raise error
    ours = raised.value
    assert ours.__cause__ is error
    assert ours.what.startswith(f"{DOING}: ")
    assert ours.what.removeprefix(f"{DOING}: ").strip()
    assert ours.hint.strip()
    assert len(f"{ours.what}\n{ours.hint}".splitlines()) <= 3
    assert len(ours.what) < 500
    assert SECRET not in ours.what + ours.hint
    return ours


def client_error(code: str, status: int = 400) -> aws.ClientError:
    """What boto3 raises for a service's answer."""
    answer: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "PutObject")


def store_error(code: str, status: int = 400) -> store.BaseError:
    """What obstore raises for the same."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><StringToSign>{SECRET}</StringToSign></Error>"
    answer = f"Server returned non-2xx status code: {status} Words: {body if code else ''}"
    return store.GenericError(OBSTORE_TEXT.format(secret=SECRET, answer=answer))


def classes_in(module: ModuleType) -> Iterator[type[Exception]]:
    """Every exception that a module defines, warnings apart."""
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Exception) and not issubclass(value, Warning):
            yield value


def made(kind: type[Exception]) -> Exception:
    """One of its kind, whatever it wants to be made of."""
    if issubclass(kind, aws.ClientError):
        return client_error("Teapot", 418)
    if kind.__module__ == aws.__name__:
        wanted = {name for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name}
        for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                wanted.add(parameter.name)
        return kind(**dict.fromkeys(wanted, "word"))
    return kind("words")


# The tree


def test_the_number_of_each_error_is_the_one_that_is_promised() -> None:
    kinds = (CinelakeError, ConfigurationError, DataError, AccessError, ServiceError)
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5]
    assert (ExitCode.DONE, ExitCode.INTERRUPTED) == (0, 130)


def test_every_error_of_ours_stands_in_the_tree_and_in_its_drawing() -> None:
    own = [kind for kind in classes_in(errors) if kind.__module__ == errors.__name__]
    assert all(issubclass(kind, CinelakeError) for kind in own)
    assert {kind.__name__ for kind in own} | {"ExitCode"} == set(errors.__all__)
    drawing = errors.__doc__ or ""
    assert [kind.__name__ for kind in own if issubclass(kind, CinelakeError) and kind.__name__ not in drawing] == []
    for kind in own:
        if issubclass(kind, CinelakeError):
            [line] = [line for line in drawing.splitlines() if kind.__name__ in line]
            assert f" {int(kind.exit_code)} " in line


def test_an_error_prints_as_its_words() -> None:
    assert str(DataError("a.csv lacks a column", "add it")) == "a.csv lacks a column"


# Their hints

SOURCES = Path(errors.__file__).parent


def calls_in(tree: ast.AST, kinds: Mapping[str, int]) -> Iterator[tuple[ast.Call, ast.expr | None]]:
    """Each place where an error of one of these kinds is made, and its hint."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            named = [each.value for each in node.keywords if each.arg == "hint"]
            place = kinds[node.func.id]
            yield node, named[0] if named else node.args[place] if place < len(node.args) else None


def kinds_with_a_hint(trees: Iterable[ast.AST]) -> dict[str, int]:
    """The kinds of errors whose maker is given a hint, and which of the arguments it is."""
    classes = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = {"CinelakeError": 1}
    grown = True
    while grown:
        grown = False
        for name, node in classes.items():
            base = next((each.id for each in node.bases if isinstance(each, ast.Name) and each.id in found), None)
            if base is None or name in found:
                continue
            makers = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
            names = [each.arg for maker in makers for each in maker.args.args[1:]]
            if not makers or "hint" in names:
                found[name], grown = names.index("hint") if makers else found[base], True
    return found


def texts_of(hint: ast.expr | None) -> Iterator[str]:
    """The texts that a hint begins with, whichever way it goes; what is computed is a word."""
    match hint:
        case None:
            yield ""
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *rest]):
            yield text if not rest else f"{text}computed"
        case ast.JoinedStr(values=[]):
            yield ""
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts_of(one), *texts_of(other))
        case ast.BoolOp(op=ast.Or(), values=values):
            yield from texts_of(values[-1])
        case ast.BinOp(left=one, right=other):
            yield from (first + second for first in texts_of(one) for second in texts_of(other))
        case _:
            yield "computed"


def test_wherever_an_error_is_made_it_has_a_hint_that_is_never_empty() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCES.rglob("*.py"))}
    kinds = kinds_with_a_hint(trees.values())
    assert {"DataError", "AccessError", "ServiceError", "NoTokenError", "VariableError", "BusyError"} <= set(kinds)
    seen, without = 0, []
    for path, tree in trees.items():
        for node, hint in calls_in(tree, kinds):
            seen += 1
            fit = all(re.match(r"[$\w]", text) for text in texts_of(hint))
            without += [] if fit else [f"{path.relative_to(SOURCES)}:{node.lineno}"]
    assert without == []
    assert seen > 250


@pytest.mark.parametrize("hint", ["''", "' '", "f''", "'run again' if x else ''", "x or ''", "'' + ''"])
def test_a_hint_that_is_none_is_seen(hint: str) -> None:
    [(_, found)] = calls_in(ast.parse(f"raise DataError('what', {hint})"), {"DataError": 1})
    assert not all(re.match(r"[$\w]", text) for text in texts_of(found))


# What the libraries raise


@pytest.mark.parametrize("kind", [*classes_in(store), *classes_in(aws)], ids=lambda kind: kind.__name__)
def test_every_error_of_the_libraries_comes_out_in_words(kind: type[Exception]) -> None:
    failure_of(made(kind))


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_whatever_obstore_says_comes_out_in_words(text: str) -> None:
    failure_of(store.GenericError(text))


def test_an_answer_that_is_none_of_a_store_s_is_not_repeated() -> None:
    told = failure_of(ResponseParserError(f"Unable to parse response, invalid XML received:\n{SECRET}"))
    assert told.exit_code == 5
    assert "AWS_ENDPOINT_URL_S3" in told.hint


def test_an_error_of_ours_passes_as_it_is() -> None:
    ours = DataError("what", "hint")
    with pytest.raises(DataError) as raised, lake_failures(DOING):
        raise ours
    assert raised.value is ours


def test_a_fault_of_ours_is_not_dressed_up_as_the_store_s() -> None:
    with pytest.raises(ZeroDivisionError), lake_failures(DOING):
        raise ZeroDivisionError


@pytest.mark.parametrize("raised_by", [client_error, store_error], ids=["boto3", "obstore"])
@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [
        ("InvalidAccessKeyId", 403, 4),
        ("SignatureDoesNotMatch", 403, 4),
        ("ExpiredToken", 400, 4),
        ("ExpiredTokenException", 400, 4),
        ("InvalidToken", 400, 4),
        ("RequestTimeTooSkewed", 403, 4),
        ("AccessDenied", 403, 4),
        ("AllAccessDisabled", 403, 4),
        ("AccountProblem", 403, 4),
        ("BucketAlreadyExists", 409, 4),
        ("", 401, 4),
        ("", 403, 4),
        ("NoSuchBucket", 404, 2),
        ("InvalidBucketName", 400, 2),
        ("PermanentRedirect", 301, 4),
        ("AuthorizationHeaderMalformed", 400, 4),
        ("IllegalLocationConstraintException", 400, 4),
        ("ConditionalRequestConflict", 409, 5),
        ("SlowDown", 503, 5),
        ("ServiceUnavailable", 503, 5),
        ("InternalError", 500, 5),
        ("RequestTimeout", 400, 5),
        ("Throttling", 400, 5),
        ("ThrottlingException", 400, 5),
        ("OperationTimeoutException", 400, 5),
        ("InternalServiceException", 500, 5),
        ("AccessDeniedException", 400, 4),
        ("UnrecognizedClientException", 400, 4),
        ("InvalidSignatureException", 400, 4),
        ("TooManyRequests", 429, 5),
        ("", 429, 5),
        ("", 500, 5),
        ("", 502, 5),
        ("", 503, 5),
        ("", 504, 5),
        ("Teapot", 418, 1),
    ],
)
def test_a_service_s_answer_is_told_by_what_the_reader_must_do(
    raised_by: Any, code: str, status: int, exit_code: int
) -> None:
    error = failure_of(raised_by(code, status))
    assert error.exit_code == exit_code
    assert code in error.what


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (made(aws.NoCredentialsError), 4),
        (made(aws.PartialCredentialsError), 4),
        (made(aws.ProfileNotFound), 4),
        (made(aws.SSOTokenLoadError), 4),
        (made(aws.LoginRefreshRequired), 4),
        (made(aws.LoginTokenLoadError), 4),
        (made(aws.InvalidRegionError), 2),
        (made(aws.NoRegionError), 2),
        (made(aws.ConfigParseError), 2),
        (made(aws.EndpointConnectionError), 5),
        (made(aws.ConnectTimeoutError), 5),
        (made(aws.ReadTimeoutError), 5),
        (made(aws.ProxyConnectionError), 5),
        (made(aws.IncompleteReadError), 5),
        (store.PermissionDeniedError("words"), 4),
        (store.UnauthenticatedError("words"), 4),
        (store.GenericError(OBSTORE_TEXT.format(secret=SECRET, answer="HTTP error: error sending request")), 5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_on_the_way_is_told_by_what_the_reader_must_do(error: Exception, exit_code: int) -> None:
    assert failure_of(error).exit_code == exit_code


def test_an_endpoint_that_does_not_answer_is_named_without_what_it_was_asked() -> None:
    error = aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1/bucket/key?uploadId=2~id")
    assert ": http://127.0.0.1:1 could not be reached" in failure_of(error).what
    told = failure_of(
        store.GenericError(OBSTORE_TEXT.format(secret=SECRET, answer="HTTP error: error sending request"))
    )
    assert f"{DOING}: http://127.0.0.1 could not be reached" in told.what


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("Object at location a not found: No such file or directory (os error 2)\n\nDebug source:"),
        FileNotFoundError(OBSTORE_TEXT.format(secret=SECRET, answer="status code: 404: <Code>NoSuchKey</Code>")),
        FileNotFoundError(OBSTORE_TEXT.format(secret=SECRET, answer="status code: 404 Not Found: ")),
    ],
    ids=["folder", "bucket", "bucket without words"],
)  # fmt: skip
def test_an_object_that_is_gone_is_told_alike_in_every_store(error: FileNotFoundError) -> None:
    told = failure_of(error)
    assert told.what == f"{DOING}: it is not there"
    assert "cinelake verify" in told.hint


# The disk


@pytest.mark.parametrize(
    ("number", "words", "exit_code"),
    [
        (errno.ENOSPC, "disk is full", 1),
        (errno.EDQUOT, "disk is full", 1),
        (errno.EACCES, "permission denied", 4),
        (errno.EPERM, "permission denied", 4),
        (errno.EROFS, "permission denied", 4),
        (errno.ENOTDIR, "a file stands where a folder must be", 2),
        (errno.EEXIST, "a file stands where a folder must be", 2),
        (errno.EIO, "Input/output error", 1),
        (errno.ENAMETOOLONG, "File name too long", 1),
    ],
)
def test_a_disk_that_refuses_is_told_alike_by_python_and_by_obstore(number: int, words: str, exit_code: int) -> None:
    by_obstore = store.GenericError(
        f"Generic LocalFileSystem error: cannot (os error {number})\n\nDebug source:\nGeneric"
    )
    for error in (OSError(number, os.strerror(number)), by_obstore):
        told = failure_of(error)
        assert words in told.what
        assert told.exit_code == exit_code
