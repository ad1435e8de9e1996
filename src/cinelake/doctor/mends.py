"""What mends each finding: one command, or one setting and the file that it belongs into, to be copied."""

import re
import shlex
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from botocore import exceptions as aws

from cinelake.config.environment import DOTENV, DotenvError, VariableError
from cinelake.config.project import CONFIGURATION, SettingError
from cinelake.doctor.findings import IN_PROJECT, Finding, Mend, look
from cinelake.doctor.lines import lines_of, place_of
from cinelake.errors import AccessError, CinelakeError
from cinelake.lake.failures import SYNONYMS, code_of
from cinelake.land.sources import UnfitFileError

PROGRAM = "cinelake"
UNDER = f"{CONFIGURATION}, under "
"""Begins the place of a setting, before its table."""
OPEN = '"${EDITOR:-vi}"'
"""Whatever the reader writes texts with."""
KEYS = Mend("AWS_ACCESS_KEY_ID=YOUR_KEY_ID\nAWS_SECRET_ACCESS_KEY=YOUR_SECRET", DOTENV)
KEYS_WITH_TOKEN = replace(KEYS, text=f"{KEYS.text}\nAWS_SESSION_TOKEN=YOUR_SESSION_TOKEN")
REGION = Mend("AWS_REGION=us-east-1", DOTENV)
CLOCK = Mend("sudo timedatectl set-ntp true")
PERMISSIONS = Mend(f"{PROGRAM} doctor --policy")
"""Prints what to permit."""
POLICY = Mend(
    f"{PERMISSIONS.text} > policy.json && aws iam put-user-policy --user-name YOUR_USER "
    f"--policy-name {PROGRAM} --policy-document file://policy.json"
)
"""Of AWS alone."""
ANOTHER_BUCKET = Mend('uri = "s3://ANOTHER-NAME"', f"{CONFIGURATION}, under [lake]")
EXAMPLES = {
    "CINELAKE_LAKE": "file:lake",
    "AWS_ACCESS_KEY_ID": "YOUR_KEY_ID",
    "AWS_SECRET_ACCESS_KEY": "YOUR_SECRET",
    "AWS_SESSION_TOKEN": "YOUR_SESSION_TOKEN",
    "AWS_CA_BUNDLE": "/PATH/TO/authority.pem",
    "AWS_REGION": "us-east-1",
    "TMDB_TOKEN": "YOUR_READ_ACCESS_TOKEN",
    "TMDB_API_KEY": "YOUR_API_KEY",
}
"""A value of each variable; an endpoint's is that of an address."""
AN_ADDRESS = "http://127.0.0.1:9000"
BY_CODE = {
    "SignatureDoesNotMatch": KEYS,
    "InvalidAccessKeyId": KEYS,
    "InvalidToken": KEYS_WITH_TOKEN,
    "ExpiredToken": KEYS_WITH_TOKEN,
    "ExpiredTokenException": KEYS_WITH_TOKEN,
    "RequestTimeTooSkewed": CLOCK,
    "AccessDenied": POLICY,
}
MOVED = 301
ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
"""Codes of a bucket that is in another region."""
BY_NAME = {
    CONFIGURATION: Mend(f"{OPEN} {CONFIGURATION}", IN_PROJECT),
    DOTENV: Mend(f"{OPEN} {DOTENV}", IN_PROJECT),
    "variables": Mend(f"{OPEN} {DOTENV}", IN_PROJECT),
    "lake": Mend('uri = "file:lake"', f"{CONFIGURATION}, under [lake]"),
    "sources": Mend(f"{OPEN} {CONFIGURATION}", IN_PROJECT),
    "TMDB": look("https://api.themoviedb.org"),
    "disk": Mend("df -h .", IN_PROJECT),
    "disk of the lake": Mend(f"{PROGRAM} expire --builds"),
    "credentials": KEYS,
    "identity": KEYS,
    "clock": CLOCK,
    "bucket": ANOTHER_BUCKET,
    "bucket settings": POLICY,
}
"""Where neither the finding nor what was raised tells more."""


@dataclass(frozen=True)
class Reader:
    """Where the reader stands, so that what is told can be copied there."""

    program: str
    """How cinelake is called from there."""
    project: Path
    """As it was given."""
    lake_uri: str | None
    """As it was given."""
    variables: Mapping[str, str]
    """The real environment, which wins over `.env`."""
    endpoint_url: str | None = None
    """Of the bucket; None for AWS itself."""
    keys_are_filed: bool = False
    """Whether `.env` holds the credentials, where AWS's command line does not look."""

    def mended(self, finding: Finding) -> Finding:
        """The finding with what mends it, if anything need be."""
        found = finding.mend
        if found is None and (finding.ok is False or finding.hint):
            found = self._renames(finding.cause) or mend_of(finding.cause) if finding.cause else None
            found = found or BY_NAME.get(finding.name, self._of_endpoint())
        if found == POLICY and self.endpoint_url is not None:
            found = PERMISSIONS  # another service has no IAM of AWS
        if found == ANOTHER_BUCKET and self.lake_uri is not None:
            found = Mend(f"{PROGRAM} doctor --lake s3://ANOTHER-NAME")  # what was given wins over any setting
        return finding if found is None else replace(finding, mend=self._at_hand(found))

    def _settings(self) -> str:
        """The text of `lake.toml`."""
        try:
            return (self.project / CONFIGURATION).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _renames(self, error: CinelakeError) -> Mend | None:
        """What is no setting gets the name that was meant, or becomes a comment, all of it at once."""
        if not isinstance(error, SettingError) or not error.unknown:
            return None
        edits, text = [], self._settings()
        for each in error.unknown:
            lines = lines_of(text, each.table, each.name)
            name = each.name or each.table.strip("[]")
            if lines is None or not re.fullmatch(r"[A-Za-z0-9_-]+", name) or not (each.name or each.meant):
                return None
            first, last = lines
            edits.append(
                f"s/{name}/{each.meant}/ if $. == {first};"
                if each.meant
                else f"s/^/# / if $. >= {first} && $. <= {last};"
            )
        return Mend(f"perl -i -pe '{' '.join(edits)}' {CONFIGURATION}", IN_PROJECT)

    def _of_endpoint(self) -> Mend:
        """Of a service that does not answer as it should: its address may be right."""
        return look(self.endpoint_url or "https://s3.amazonaws.com")

    def _at_hand(self, mend: Mend) -> Mend:
        """What mends, as it is written or run from where the reader stands."""
        folder = "" if self.project == Path() else shlex.quote(str(self.project))
        if mend.place == IN_PROJECT:
            return Mend(f"(cd {folder} && {mend.text})" if folder else mend.text)
        if mend.place is None:
            return replace(mend, text=self._called(mend.text, folder))
        if mend.place.startswith(UNDER):
            table = mend.place.removeprefix(UNDER)
            found = place_of(self._settings(), table, mend.text.partition(" = ")[0])
            if found is None:
                return self._at_hand(BY_NAME[CONFIGURATION])
            place, with_table = found
            text = f"{table.partition(' number ')[0]}\n{mend.text}" if with_table else mend.text
            mend = Mend(text, place)
        names = [line.partition("=")[0] for line in mend.text.splitlines()]
        if mend.place == DOTENV and any(name in self.variables for name in names):
            # What the real environment sets would win over the file.
            return Mend("; ".join(f"export {line}" for line in mend.text.splitlines()))
        return replace(mend, place=f"{folder}/{mend.place}" if folder else mend.place)

    def _signed(self, command: str, folder: str) -> str:
        """A command of AWS's command line, with the service and the credentials of the lake."""
        told = f"{command} --endpoint-url {shlex.quote(self.endpoint_url)}" if self.endpoint_url else command
        return f"(set -a; . {folder or '.'}/{DOTENV}; {told})" if self.keys_are_filed else told

    def _called(self, command: str, folder: str) -> str:
        first, chained, then = command.partition(" && ")
        if chained:
            return f"{self._called(first, folder)} && {self._called(then, folder)}"
        name, _, rest = command.partition(" ")
        if name != PROGRAM:
            return self._signed(command, folder) if command.startswith(("aws s3api", "aws iam")) else command
        stage, _, rest = rest.partition(" ")
        options = f" {folder or '.'}" if stage == "init" else ""
        if stage != "init":
            options += f" --project {folder}" if folder else ""
            options += f" --lake {shlex.quote(self.lake_uri)}" if self.lake_uri and "--lake" not in rest else ""
        return f"{self.program} {stage}{options}{' ' + rest if rest else ''}"


def mend_of(error: CinelakeError) -> Mend | None:
    """What mends what was raised, as far as that tells."""
    match error:
        case VariableError():
            example = EXAMPLES.get(error.name, AN_ADDRESS)
            return Mend(f"{error.name}={example}", DOTENV)
        case DotenvError():
            return Mend(_mended_dotenv(error), IN_PROJECT)
        case SettingError() if error.line is not None:
            return Mend(error.line, f"{CONFIGURATION}, under {error.table}" if error.table else CONFIGURATION)
        case UnfitFileError():
            return Mend(_mended_files(error), IN_PROJECT)
    found = _mend_of_cause(error.__cause__)
    return found or (POLICY if isinstance(error, AccessError) and "access is denied" in error.what else None)


def _mend_of_cause(cause: BaseException | None) -> Mend | None:
    match cause:
        case aws.ProfileNotFound():
            return Mend(f"aws configure --profile {shlex.quote(str(cause.kwargs['profile']))}")
        case aws.TokenRetrievalError() | aws.SSOError() | aws.LoginError():
            return Mend("aws sso login")
        case aws.InvalidRegionError() | aws.NoRegionError():
            return REGION
        case aws.SSLError():
            return Mend(f"AWS_CA_BUNDLE={EXAMPLES['AWS_CA_BUNDLE']}", DOTENV)
        case aws.ClientError():
            code, status = code_of(cause)
            if status == MOVED or code in ELSEWHERE:
                headers = cause.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
                return Mend(f"AWS_REGION={headers.get('x-amz-bucket-region', 'REGION_OF_THE_BUCKET')}", DOTENV)
            return BY_CODE.get(SYNONYMS.get(code, code))
        case PermissionError() if cause.filename:
            return Mend(f'sudo chown "$(id -u)" {shlex.quote(str(cause.filename))}')
    return None


def _mended_dotenv(error: DotenvError) -> str:
    """A line that is none becomes a comment; another's letters become UTF-8; a file that may not be read may be."""
    if error.line is not None:
        return f"perl -i -pe 's/^/# / if $. == {error.line}' {DOTENV}"
    if isinstance(error.__cause__, UnicodeDecodeError):
        encoding = "UTF-16" if error.__cause__.object.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "LATIN1"
        # Into the file that is there, which others may not read; nor may they read the copy meanwhile.
        anew = f"iconv -f {encoding} -t UTF-8 {DOTENV} > {DOTENV}.new && cat {DOTENV}.new > {DOTENV}"
        return f"(umask 077; {anew}; rm -f {DOTENV}.new)"
    if isinstance(error.__cause__, IsADirectoryError):
        return f"mv {DOTENV} {DOTENV}.folder"
    return f"chmod u+r {DOTENV}"


def _mended_files(error: UnfitFileError) -> str:
    """All of them in one command; what no command mends is left to `lake.toml`."""
    told = [(path, _mended_file(path, fault)) for path, fault in error.faults]
    lacking = {shlex.quote(str(Path(path).parent)) for path, mended in told if mended.startswith("cp ")} - {"."}
    folders = [f"mkdir -p {' '.join(sorted(lacking))}"] if lacking else []
    return " && ".join(dict.fromkeys([*folders, *(mended for _, mended in told)]))


def _mended_file(path: str, fault: str) -> str:
    quoted, own = shlex.quote(path), shlex.quote(f"/PATH/TO/{Path(path).name}")
    match fault:
        case "is missing" if path.endswith("/") or not Path(path).suffix:
            return f"cp -r {own} {shlex.quote(path.rstrip('/'))}"
        case "is missing" | "is empty":
            return f"cp {own} {quoted}"
        case "is a folder, and holds no file":
            return f"cp -r {shlex.quote(f'/PATH/TO/{Path(path).name}/.')} {quoted}"
        case _ if "read" in fault:
            return f"chmod u+r {quoted}"
    return f"{OPEN} {CONFIGURATION}"
