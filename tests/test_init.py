"""`cinelake init`: a folder that runs at once, and nothing of the user's that is lost."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from cinelake import ConfigurationError, Project
from cinelake.errors import AccessError
from cinelake.init import InitOptions, make_project
from projects import PROGRAM

ROOT = Path(__file__).parents[1]


def cinelake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the program in a folder."""
    return subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=200)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("is_on_the_path", [True, False])
def test_a_new_project_runs_at_once_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_on_the_path: bool
) -> None:
    if is_on_the_path:
        monkeypatch.setenv("PATH", f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}")
    elif shutil.which("cinelake"):
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = cinelake(tmp_path, "init", "my lake")
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "my lake"
    assert set(files_of(folder)) == {
        "lake.toml", ".env.example", ".gitignore", "data/movies.csv", "data/series.csv", "data/tmdb.jsonl",
    }  # fmt: skip
    typed = made.stdout.partition("\n\n")[2]
    ended = subprocess.run(
        ["bash", "-euc", typed], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200
    )
    assert ended.returncode == 0, ended.stderr
    assert (folder / "report" / "report.html").is_file()
    assert cinelake(folder, "verify").returncode == 0


def test_git_would_take_no_secret_and_no_data(tmp_path: Path) -> None:
    make_project(tmp_path / "p")
    subprocess.run(["git", "init", "--quiet", tmp_path / "p"], check=True)
    tmp_path.joinpath("p", ".env").write_text("TMDB_TOKEN=secret")
    told = subprocess.run(
        ["git", "-C", tmp_path / "p", "ls-files", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(told.stdout.split()) == {".env.example", ".gitignore", "lake.toml"}


def test_files_of_the_users_own_need_no_sample(tmp_path: Path) -> None:
    made = cinelake(tmp_path, "init", "p", "--no-sample")
    assert made.returncode == 0
    assert "put movies.csv and series.csv into data/, or name other files in lake.toml; then:" in made.stdout
    assert list(tmp_path.joinpath("p", "data").iterdir()) == []
    assert Project.load(tmp_path / "p", variables={}).tmdb.source == "off"
    ended = cinelake(tmp_path / "p", "run")
    assert ended.returncode == 2
    assert "data/movies.csv is missing; data/series.csv is missing. Nothing was sent" in ended.stderr


@pytest.mark.parametrize("uri", ["s3://lake-of-mine", 'file:a "quoted" \\lake', "file:/srv/lake"])
def test_the_lake_may_be_named(tmp_path: Path, uri: str) -> None:
    make_project(tmp_path, InitOptions(uri, with_sample=False))
    assert tomllib.loads(tmp_path.joinpath("lake.toml").read_text())["lake"]["uri"] == uri
    assert str(Project.load(tmp_path, variables={}).lake_uri) == uri


def test_a_lake_that_is_none_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    refused = cinelake(tmp_path, "init", "p", "--lake", "s3://No_Bucket")
    assert refused.returncode == 2
    assert "--lake" in refused.stderr
    assert not tmp_path.joinpath("p").exists()


@pytest.mark.parametrize("name", ["lake.toml", "data/series.csv"])
def test_what_is_there_is_never_written_over(tmp_path: Path, name: str) -> None:
    tmp_path.joinpath("data").mkdir()
    tmp_path.joinpath(name).write_text("mine")
    with pytest.raises(ConfigurationError) as caught:
        make_project(tmp_path)
    assert caught.value.what == f"{tmp_path} holds {name} already. Nothing was written"
    assert ("--no-sample" in caught.value.hint) is (name != "lake.toml")
    assert files_of(tmp_path) == {name: b"mine"}


def test_a_link_to_nowhere_counts_as_there(tmp_path: Path) -> None:
    tmp_path.joinpath("lake.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="holds lake"):
        make_project(tmp_path)
    assert not tmp_path.joinpath("nowhere").exists()


def test_what_git_ignores_already_stays(tmp_path: Path) -> None:
    tmp_path.joinpath(".gitignore").write_text("mine")
    made = make_project(tmp_path)
    assert ".gitignore" not in made.files
    assert tmp_path.joinpath(".gitignore").read_text() == "mine"


def test_files_of_ones_own_in_data_want_no_sample(tmp_path: Path) -> None:
    tmp_path.joinpath("data").mkdir()
    tmp_path.joinpath("data", "movies.csv").write_text("mine")
    make_project(tmp_path, InitOptions(with_sample=False))
    assert tmp_path.joinpath("data", "movies.csv").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(AccessError) as caught:
        make_project(tmp_path / "file" / "p")
    assert "cannot be written" in caught.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_it_writes_is_what_this_repository_has() -> None:
    """One `lake.toml` and one `.env.example` are kept; a clone is a project folder, too."""
    shipped = ROOT / "src" / "cinelake" / "init"
    assert shipped.joinpath("lake.toml").read_bytes() == ROOT.joinpath("lake.toml").read_bytes()
    own = ROOT.joinpath(".env.example").read_text()
    assert own.startswith(shipped.joinpath("env.example").read_text())
