"""What is handed to others: the wheel and the source archive, a start without developers' tools, one version, and what
is told of dependencies."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import missing

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
OURS = f"cinelake-{VERSION}"
TOO_MUCH = {".cinelake", ".git", "bench", "build", "data", "dist", "lake", "report"}
"""At the root of the tree: not copied, since it may be large. Of what may lie there, a little is laid there."""
FOREIGN = {
    ".env": "TMDB_TOKEN=secret",
    "src/cinelake/.env": "TMDB_TOKEN=secret",
    "src/cinelake/__pycache__/old.pyc": "",
    "data/movies.csv": "mine",
    "docker/baked/series.csv": "mine",
    "lake/Raw/Local/CSV/Movies/2022/05/02/movies.csv": "mine",
    "report/report.html": "mine",
    ".cinelake/engine-1/x.parquet": "mine",
}
"""What may lie in the tree of whoever builds, and goes to nobody."""
KINDS = {".css", ".example", ".j2", ".js", ".json", ".po", ".py", ".sql", ".toml", ".typed", "gitignore"}
TEXT = {".md", ".toml", ".yaml", ".conf", ".py", ""}
NAMED = re.compile(r"\bcinelake(?:-spark)?[:-](\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Built:
    """What was built of a tree in which more lay than is handed out."""

    tree: Path
    wheel: Path
    archive: Path


def left_out(folder: str, names: list[str]) -> set[str]:
    """What is not copied of a folder."""
    tools = set(shutil.ignore_patterns(".venv*", "__pycache__", ".*_cache", ".coverage*", ".hypothesis")(folder, names))
    return tools | (TOO_MUCH | {name for name in names if name.startswith("lake-")} if Path(folder) == ROOT else set())


def build(tree: Path, *targets: str) -> None:
    """Builds as pip does, by the locked hatchling, with nothing fetched."""
    targets_wanted = [part for target in targets for part in ("-t", target)]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *targets_wanted],
        cwd=tree, check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    tree = tmp_path_factory.mktemp("release") / "tree"
    shutil.copytree(ROOT, tree, ignore=left_out, symlinks=True)
    for name, text in FOREIGN.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    build(tree, "wheel", "sdist")
    return Built(tree, tree / "dist" / f"{OURS}-py3-none-any.whl", tree / "dist" / f"{OURS}.tar.gz")


# The wheel and the source archive


def test_the_wheel_holds_the_package_whole_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith(f"{OURS}.dist-info/")}
        about = {name.partition("/")[2] for name in wheel.namelist()} - {name.partition("/")[2] for name in names}
    package = {str(path.relative_to(ROOT / "src")) for path in ROOT.joinpath("src/cinelake").rglob("*")}
    package = {name for name in package if ROOT.joinpath("src", name).is_file() and "__pycache__" not in name}
    assert names == package
    assert {Path(name).suffix or Path(name).name for name in names} == KINDS
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def test_the_source_archive_holds_what_is_named_and_nothing_of_the_builder_s(built: Built) -> None:
    with tarfile.open(built.archive) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    assert names & FOREIGN.keys() == set()
    assert {name.partition("/")[0] for name in names} == {
        ".dockerignore", ".env.example", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md",
        "Dockerfile", "LICENSE", "Makefile", "PKG-INFO", "README.md", "SECURITY.md", "THIRD_PARTY_LICENSES.md", "aws",
        "compose.yaml", "docker", "docs", "kubernetes", "lake.toml", "pyproject.toml", "requirements", "sbom.cdx.json",
        "src", "tests", "tools",
    } | {name for name in ("README.pt-BR.md",) if ROOT.joinpath(name).exists()}  # fmt: skip


def test_the_source_archive_makes_the_same_wheel_to_the_byte(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.archive) as archive:
        archive.extractall(tmp_path, filter="data")
    build(tmp_path / OURS, "wheel")
    assert tmp_path.joinpath(OURS, "dist", built.wheel.name).read_bytes() == built.wheel.read_bytes()


def test_the_wheel_asks_for_what_is_declared(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        metadata = wheel.read(f"{OURS}.dist-info/METADATA").decode()
    asked = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)]
    plain = {str(each) for each in asked if each.marker is None}
    assert plain == {str(Requirement(text)) for text in PROJECT["dependencies"]}
    locked = locked_versions()
    for each in map(Requirement, PROJECT["dependencies"]):
        assert each.specifier.contains(locked[str(canonicalize_name(each.name))]), each


# A start without developers' tools


def locked_versions() -> dict[str, str]:
    """What requirements/run.txt locks for this machine."""
    text = ROOT.joinpath("requirements/run.txt").read_text(encoding="utf-8")
    found = (Requirement(line.removesuffix(" \\")) for line in text.splitlines() if not line.startswith(" "))
    return {
        str(canonicalize_name(each.name)): str(each.specifier).removeprefix("==")
        for each in found
        if each.marker is None or each.marker.evaluate()
    }


def tops_of(name: str) -> Iterator[Path]:
    """The files and folders of an installed package that lie in `site-packages` itself."""
    found = distribution(name)
    tops = {Path(file).parts[0] for file in found.files or [] if Path(file).parts[0] not in ("..", "__pycache__")}
    yield from (Path(str(found.locate_file(top))) for top in tops)


@pytest.fixture(scope="module")
def alone(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv of its own with the wheel, and with what requirements/run.txt locks: no pip, no tool, no source tree.

    The locked packages are those that are installed here, by links; nothing is fetched.
    """
    venv = tmp_path_factory.mktemp("alone") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    site = next(venv.glob("lib/python*/site-packages"))
    for name, wanted in locked_versions().items():
        try:
            there = version(name)
        except PackageNotFoundError:
            there = None
        if there != wanted:
            missing(f"{name} {wanted} is locked, and {there} is installed: run make setup-all")
        for top in tops_of(name):
            site.joinpath(top.name).symlink_to(top)
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(built.wheel)],
        check=True, capture_output=True, env=bare(), timeout=120,
    )  # fmt: skip
    return venv / "bin"


def bare(**variables: str) -> Mapping[str, str]:
    """The environment of somebody who has set nothing."""
    return {"PATH": os.defpath, "AWS_EC2_METADATA_DISABLED": "true", "LANG": "C.UTF-8", **variables}


def ran(command: list[str | Path], folder: Path) -> str:
    """What a command prints, which must succeed."""
    ended = subprocess.run(command, cwd=folder, env=bare(), capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_nothing_is_there_but_what_is_locked(alone: Path, tmp_path: Path) -> None:
    code = "from importlib.metadata import distributions\nprint(*{each.name.lower() for each in distributions()})"
    there = {str(canonicalize_name(name)) for name in ran([alone / "python", "-c", code], tmp_path).split()}
    assert there == {*locked_versions(), "cinelake"}
    tools = ("pip", "pytest", "pandas", "numpy")
    code = f"import importlib.util\nprint(*(importlib.util.find_spec(name) for name in {tools}))"
    assert ran([alone / "python", "-c", code], tmp_path) == "None None None None\n"


def test_the_wheel_goes_from_init_to_a_report_by_what_is_locked_alone(alone: Path, tmp_path: Path) -> None:
    program = alone / "cinelake"
    assert ran([program, "--version"], tmp_path) == f"cinelake {VERSION}\n"
    assert "init" in ran([program, "--help"], tmp_path)
    ran([program, "init", "lake of mine"], tmp_path)
    folder = tmp_path / "lake of mine"
    assert "Report: " in ran([program, "run", "--lang", "pt"], folder)
    ran([program, "verify"], folder)
    assert json.loads(ran([program, "sql", "SELECT COUNT(*) AS n FROM titles", "--json"], folder))["rows"][0]["n"] > 0
    ran([program, "report", "genres-over-decades", "best-artists", "--output", "again.html"], folder)
    assert folder.joinpath("again.html").read_text().startswith("<!doctype html>")
    ran([program, "doctor"], folder)


def test_a_notebook_s_own_libraries_are_asked_for_where_they_are_used(alone: Path, tmp_path: Path) -> None:
    make_project = (
        "from cinelake import Project, make_project, notebook\nmake_project('p')\nproject = Project.load('p')\n"
    )
    code = (
        f"{make_project}notebook.run(project, quiet=True)\nrows = notebook.query(project, 'SELECT 1 AS one')\n"
        "print(rows._repr_html_(), rows.relation.fetchall())\n"
        "try:\n    rows.df()\nexcept Exception as error:\n    print(error.hint)"
    )
    *_, told, hint = ran([alone / "python", "-c", code], tmp_path).splitlines()
    assert told.endswith("[(1,)]")
    assert hint == "pip install pandas"


# One version


def texts() -> Iterator[tuple[str, str]]:
    """Every file of text that names the program's files or images."""
    folders = [ROOT / name for name in ("aws", "docker", "docs", "kubernetes")]
    paths = [*ROOT.glob("*"), *(path for folder in folders for path in folder.rglob("*"))]
    for path in sorted(paths):
        if path.is_file() and path.suffix in TEXT and not path.name.startswith(".coverage"):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_whatever_names_a_version_names_that_of_pyproject() -> None:
    named = [(name, told) for name, text in texts() for told in NAMED.findall(text)]
    assert {"aws/template.yaml", "docs/kubernetes.md", "docs/aws.md"} <= {name for name, _ in named}
    assert [(name, told) for name, told in named if told != VERSION] == []
    labels = re.findall(r'image\.version="(.*)"', ROOT.joinpath("Dockerfile").read_text())
    tags = re.findall(r"newTag: (.*)", ROOT.joinpath("kubernetes/release/kustomization.yaml").read_text())
    assert labels + tags == [VERSION] * 3
    assert version("cinelake") == VERSION


def test_the_changelog_begins_with_what_is_to_come_or_with_this_version() -> None:
    page = ROOT.joinpath("CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[?([\w.]+)\]?(?: - \d{4}-\d{2}-\d{2})?$", page, re.MULTILINE)
    assert len(sections) == len(re.findall(r"^## ", page, re.MULTILINE))
    released = [name for name in sections if name != "Unreleased"]
    assert sections[:1] == ["Unreleased"] or released[:1] == [VERSION]
    assert released[:1] in ([], [VERSION])
    assert re.search(r"^- ", page.partition("\n## ")[2].partition("\n## ")[0], re.MULTILINE)


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile"])
def test_what_is_installed_from_a_lock_is_held_against_its_hashes(name: str) -> None:
    text = ROOT.joinpath(name).read_text(encoding="utf-8").replace("\\\n", " ")
    taken = [line for line in text.splitlines() if re.search(r"-r (\S*/)?requirements|-r \S+\.txt", line)]
    assert taken != []
    pip = re.search(r"^PIP := .*--require-hashes", text, re.MULTILINE) if name == "Makefile" else None
    assert [line for line in taken if "--require-hashes" not in line and not (pip and "$(PIP)" in line)] == []


# What is told of dependencies


@pytest.mark.parametrize(
    ("tool", "kept"),
    [("bill_of_materials.py", "sbom.cdx.json"), ("licence_notices.py", "THIRD_PARTY_LICENSES.md")],
)
def test_what_is_told_of_dependencies_is_of_this_lock(tool: str, kept: str, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), str(tmp_path / kept)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert tmp_path.joinpath(kept).read_text() == ROOT.joinpath(kept).read_text(), f"{kept} is old: run make sbom"


def test_the_bill_of_materials_has_each_locked_file_and_no_address() -> None:
    text = ROOT.joinpath("sbom.cdx.json").read_text(encoding="utf-8")
    assert "://" not in text
    document = json.loads(text)
    own = document["metadata"]["component"]
    assert (own["name"], own["version"]) == ("cinelake", VERSION)
    lock = ROOT.joinpath("requirements/run.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))
    components = document["components"]
    assert {(each["name"], each["version"]) for each in components} == pinned
    assert [each["purl"] for each in components] == [
        f"pkg:pypi/{each['name']}@{each['version']}" for each in components
    ]
    hashes = [told["content"] for each in components for told in each["externalReferences"][0]["hashes"]]
    assert hashes == re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)


def test_the_bill_of_materials_says_what_needs_what() -> None:
    document = json.loads(ROOT.joinpath("sbom.cdx.json").read_text(encoding="utf-8"))
    own = document["metadata"]["component"]["bom-ref"]
    needs = {each["ref"]: set(each["dependsOn"]) for each in document["dependencies"]}
    assert set(needs) == {own, *(each["bom-ref"] for each in document["components"])}
    reached, left = set(), [own]
    while left:
        ref = left.pop()
        if ref not in reached:
            reached.add(ref)
            left += needs[ref]
    assert reached == set(needs)


def test_every_package_that_is_installed_tells_a_licence_that_asks_nothing_of_this_code() -> None:
    page = ROOT.joinpath("THIRD_PARTY_LICENSES.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    licences = {name: licence for name, _, licence, _ in rows}
    assert licences.keys() >= locked_versions().keys()
    allowed = re.compile(r"Apache|BSD|MIT|ISC|PSF")
    assert [name for name in locked_versions() if not allowed.search(licences[name]) or "GPL" in licences[name]] == []


# Security


def test_each_test_that_the_threat_model_names_is_there() -> None:
    page = ROOT.joinpath("SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)\.(test_\w+)`", page)
    assert len(named) >= 20
    texts = {module: ROOT.joinpath("tests", f"{module}.py").read_text(encoding="utf-8") for module, _ in named}
    assert [f"{module}.{name}" for module, name in named if f"\ndef {name}(" not in texts[module]] == []
