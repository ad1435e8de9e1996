"""Which files a landing finds: a path, a folder, a glob; each under its own key, each in one share."""

import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelake import ConfigurationError, LandOptions, Project, Shard, build_tables, land_files
from cinelake.config import parse_date
from cinelake.lake.checksums import read_digests
from cinelake.lake.keys import EXAMPLE, KeyTemplate
from cinelake.land.sources import find_files
from projects import DATE, SMALL_MOVIES, Place, ProjectFolder

START = "Raw/Local/CSV/Movies/2022/05/02/"
KEYS = KeyTemplate("{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}")


def project_of(folder: ProjectFolder, *paths: str, dataset: str = "Movies") -> Project:
    sources = "".join(f'[[source]]\ndataset = "{dataset}"\npath = "{path}"\n' for path in paths)
    folder.path.joinpath("lake.toml").write_text(f'{sources}[tmdb]\nsource = "off"\n', encoding="utf-8")
    return folder.load()


def found(folder: ProjectFolder, *paths: str, shard: Shard | None = None) -> dict[str, str]:
    """The sources by the end of their keys."""
    files = find_files(project_of(folder, *paths), KEYS, parse_date(DATE), shard=shard)
    return {file.key.removeprefix(START): file.source for file in files}


def write(folder: ProjectFolder, *names: str) -> None:
    for name in names:
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def refusal_of(folder: ProjectFolder, *paths: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        found(folder, *paths)
    return caught.value.what


def test_a_folder_stands_for_all_files_below_it(folder: ProjectFolder) -> None:
    write(folder, "in/b.csv", "in/a.csv", "in/2022/a.csv", "in/.hidden", "in/.git/x.csv")
    expected = {"2022/a.csv": "in/2022/a.csv", "a.csv": "in/a.csv", "b.csv": "in/b.csv"}
    assert found(folder, "in") == found(folder, "in/") == expected
    assert list(found(folder, "in")) == sorted(expected)


def test_a_glob_stands_for_the_files_it_finds(folder: ProjectFolder) -> None:
    write(folder, "in/a.csv", "in/b.csv", "in/b.txt", "in/.c.csv", "in/deep/d.csv", "in/e.csv/f")
    assert found(folder, "in/*.csv") == {"a.csv": "in/a.csv", "b.csv": "in/b.csv"}
    assert found(folder, "in/**/d*.csv") == {"d.csv": "in/deep/d.csv"}
    assert found(folder, "in/[ab].csv") == {"a.csv": "in/a.csv", "b.csv": "in/b.csv"}


def test_a_file_whose_name_looks_like_a_glob_is_itself(folder: ProjectFolder) -> None:
    write(folder, "in/[a].csv", "in/a.csv")
    assert found(folder, "in/[a].csv") == {"[a].csv": "in/[a].csv"}


def test_an_absolute_path_is_told_as_it_was_written(folder: ProjectFolder, tmp_path: Path) -> None:
    tmp_path.joinpath("a.csv").write_text("a")
    assert found(folder, f"{tmp_path}/a.csv") == {"a.csv": f"{tmp_path}/a.csv"}


def test_links_are_followed_and_a_circle_of_them_ends(folder: ProjectFolder, tmp_path: Path) -> None:
    write(folder, "in/a.csv")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.joinpath("b.csv").write_text("b")
    folder.path.joinpath("in/more").symlink_to(elsewhere)
    elsewhere.joinpath("back").symlink_to(folder.path / "in")
    assert found(folder, "in") == {"a.csv": "in/a.csv", "more/b.csv": "in/more/b.csv"}


def test_files_that_would_lie_under_one_key_are_refused(folder: ProjectFolder) -> None:
    write(folder, "x/a.csv", "y/a.csv")
    assert refusal_of(folder, "x", "y").startswith(f"x/a.csv and y/a.csv would both lie at {START}a.csv")
    assert refusal_of(folder, "*/a.csv").startswith(f"x/a.csv and y/a.csv would both lie at {START}a.csv")


def test_every_file_that_cannot_be_landed_is_named_at_once(folder: ProjectFolder) -> None:
    write(folder, "in/good.csv", "in/empty.csv", "in/sub/empty too.csv")
    for name in ("in/empty.csv", "in/sub/empty too.csv"):
        folder.path.joinpath(name).write_text("")
    os.mkfifo(folder.path / "in/pipe")
    folder.path.joinpath("in/broken").symlink_to("nowhere")
    what = refusal_of(folder, "in", "missing.csv", "none-*.csv")
    assert what == (
        "in/broken is missing; in/empty.csv is empty; in/pipe is no file, but a device, a pipe or a socket; "
        "in/sub/empty too.csv is empty; missing.csv is missing; none-*.csv finds no file. Nothing was sent"
    )


def test_of_very_many_faults_the_first_are_named(folder: ProjectFolder) -> None:
    write(folder, *(f"in/{number:03}.csv" for number in range(50)))
    for path in folder.path.joinpath("in").iterdir():
        path.write_text("")
    what = refusal_of(folder, "in")
    assert what.startswith("in/000.csv is empty; in/001.csv is empty;")
    assert what.endswith("in/019.csv is empty; and 30 more. Nothing was sent")


def test_an_empty_folder_is_refused(folder: ProjectFolder) -> None:
    folder.path.joinpath("in").mkdir()
    assert refusal_of(folder, "in") == "in is a folder, and holds no file. Nothing was sent"


@pytest.mark.parametrize(
    "name", ["a b.csv", "ação 中文 🎬.csv", "e\u0301.csv", "%41+&?=.csv", "x" * 251 + ".csv", "'\"|.csv"]
)
def test_names_of_all_kinds_survive(folder: ProjectFolder, place: Place, name: str) -> None:
    write(folder, f"in/{name}", f"in/sub/{name}")
    project_of(folder, "in")
    land_files(*folder.open(place))
    objects = place.objects()
    assert {key.removeprefix(START): data.decode() for key, data in objects.items() if key.startswith(START)} == {
        name: f"in/{name}",
        f"sub/{name}": f"in/sub/{name}",
    }
    assert land_files(*folder.open(place)).status == "unchanged"


@pytest.mark.parametrize("name", ["a\nb.csv", "a.csv#1", os.fsdecode(b"\xff.csv")])
def test_names_that_no_key_can_hold_are_refused(folder: ProjectFolder, name: str) -> None:
    write(folder, "in/good.csv")
    folder.path.joinpath("in", name).write_text("x")
    assert refusal_of(folder, "in").startswith("no key can be made of ")


def test_a_folder_of_files_is_built_as_one_dataset(folder: ProjectFolder) -> None:
    folder.path.joinpath("in").mkdir()
    folder.write_csv("in/1.csv", SMALL_MOVIES[:2])
    folder.write_csv("in/2.csv", SMALL_MOVIES[2:])
    project_of(folder, "in")
    land_files(*folder.open())
    [movies] = [each for each in build_tables(*folder.open()).sources if each.dataset == "Movies"]
    assert (movies.rows_in, movies.rows_out) == (4, 4)


# Keys of many files

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(names, max_size=5))
def test_keys_made_together_are_the_keys_made_one_by_one(files: list[str]) -> None:
    def each_alone() -> list[str] | str:
        try:
            return [KEYS.build(EXAMPLE.__class__(**{**vars(EXAMPLE), "file": file})) for file in files]
        except ConfigurationError as error:
            return error.what

    def together() -> list[str] | str:
        try:
            return KEYS.build_all(EXAMPLE, files)
        except ConfigurationError as error:
            return error.what

    assert together() == each_alone()


# Shares


@pytest.mark.parametrize("text", ["", "1", "0/0", "5/4", "-1/4", "1/4/2", "a/b", "1/", "/4", "1.5/4", "²/4"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="that is no share"):
        Shard.parse(text)


def test_shares_may_be_counted_from_0_or_from_1() -> None:
    assert Shard.parse("0/4") == Shard.parse("4/4")
    assert str(Shard.parse("0/4")) == "4/4"


@given(st.integers(1, 9), st.lists(names, unique=True, max_size=30))
def test_each_file_is_in_one_share_and_stays_there_whatever_the_others(count: int, files: list[str]) -> None:
    shares = [[file for file in files if Shard(index, count).holds(file)] for index in range(count)]
    assert Counter(file for share in shares for file in share) == Counter(files)
    for file in files[:3]:
        assert [Shard(index, count).holds(file) for index in range(count)].count(True) == 1


def test_shares_land_all_files_without_talking(folder: ProjectFolder, place: Place) -> None:
    write(folder, *(f"in/{number:02}.csv" for number in range(40)))
    project_of(folder, "in")
    sent: list[str] = []
    for index in range(4):
        result = land_files(*folder.open(place), LandOptions(shard=Shard(index, 4)))
        sent += [landed.record.key for landed in result.objects]
        assert 4 <= len(result.objects) <= 16
    assert sorted(sent) == [f"{START}{number:02}.csv" for number in range(40)]
    assert {key for key in place.objects() if key.startswith(START)} == set(sent)
    again = land_files(*folder.open(place), LandOptions(shard=Shard(2, 4)))
    assert again.status == "unchanged"
    whole = land_files(*folder.open(place))
    assert {landed.action for landed in whole.objects} == {"unchanged"}


def test_tables_are_built_of_all_shares(folder: ProjectFolder) -> None:
    folder.path.joinpath("in").mkdir()
    for number in range(6):
        folder.write_csv(f"in/{number}.csv", [SMALL_MOVIES[0].replace("tt99000001", f"tt9900000{number}")])
    project_of(folder, "in")
    for index in (1, 2, 3):
        land_files(*folder.open(), LandOptions(shard=Shard.parse(f"{index}/3")))
    [movies] = [each for each in build_tables(*folder.open()).sources if each.dataset == "Movies"]
    assert movies.rows_in == 6


def test_the_program_takes_a_share(folder: ProjectFolder) -> None:
    write(folder, "in/a.csv", "in/b.csv", "in/c.csv")
    project_of(folder, "in")
    landed = [folder.document("land", "--shard", f"{index}/2")["objects"] for index in (1, 2)]
    assert sorted(each["source"] for share in landed for each in share) == ["in/a.csv", "in/b.csv", "in/c.csv"]
    assert folder.cinelake("land", "--shard", "3/2").returncode == 2


@pytest.mark.parametrize("listed", [1, 5, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("grown_by", [-1, 0, 1, 1 << 20])
def test_a_file_is_compared_by_all_its_bytes_whatever_its_size_was(tmp_path: Path, listed: int, grown_by: int) -> None:
    path = tmp_path / "file.csv"
    data = hashlib.shake_128(b"file").digest(listed + grown_by)
    path.write_bytes(data)
    found = read_digests(str(path), listed, with_md5=True)
    assert found == (len(data), hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())
