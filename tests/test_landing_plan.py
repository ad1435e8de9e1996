"""What happens to each source file: decided from checksums alone."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelake import CinelakeError, ExitCode
from cinelake.lake.manifests import ObjectRecord
from cinelake.land.plan import FoundFile, LandingPlan, plan_landing, refuse_loss

MOVIES = FoundFile("data/movies.csv", "Raw/movies.csv", 100, "aa")
SERIES = FoundFile("series.csv", "Raw/series.csv", 10, "bb")
OTHERS = FoundFile("others.csv", "Raw/others.csv", 1, "cc")


FILES = (MOVIES, SERIES, OTHERS)


def plan_of(present: dict[str, str], files: Sequence[FoundFile] = FILES) -> LandingPlan:
    sizes = {file.key: file.bytes for file in files}
    return plan_landing(files, {key: present_object(key, sizes.get(key, 1), sha256) for key, sha256 in present.items()})


def present_object(key: str, size_bytes: int, sha256: str) -> ObjectRecord:
    return ObjectRecord(key=key, bytes=size_bytes, sha256=sha256)


def actions(plan: LandingPlan) -> list[str]:
    return [planned.action for planned in plan.objects]


def test_a_changed_file_is_refused_where_its_object_would_be_lost() -> None:
    plan = plan_of({MOVIES.key: "old", SERIES.key: "bb"})
    with pytest.raises(CinelakeError) as caught:
        refuse_loss(plan, {MOVIES.key: "old"})
    assert caught.value.exit_code is ExitCode.FAILED
    assert "data/movies.csv changed since it was landed" in caught.value.what
    assert MOVIES.key in caught.value.what
    assert "series.csv" not in caught.value.what
    assert all(word in caught.value.hint for word in ("versioning", "--date", "--replace"))


def test_an_object_that_something_else_wrote_is_not_told_as_a_change_of_the_file() -> None:
    with pytest.raises(CinelakeError, match=f"{MOVIES.key} is not the object that was landed of data/movies.csv"):
        refuse_loss(plan_of({MOVIES.key: "theirs"}), {MOVIES.key: "ours"})


def test_every_file_that_changed_is_named() -> None:
    with pytest.raises(CinelakeError, match=r"data/movies\.csv, series\.csv changed"):
        refuse_loss(plan_of({MOVIES.key: "old", SERIES.key: "old"}), {})


def test_of_very_many_that_changed_the_rest_are_counted() -> None:
    files = [FoundFile(f"{number}.csv", f"Raw/{number}.csv", 1, "new") for number in range(9)]
    with pytest.raises(CinelakeError, match=r"0\.csv, 1\.csv, 2\.csv and 6 more changed"):
        refuse_loss(plan_of({file.key: "old" for file in files}, files), {})


def test_nothing_is_refused_where_nothing_is_replaced() -> None:
    refuse_loss(plan_of({SERIES.key: "bb"}), {})


def test_a_replacement_says_what_it_replaces() -> None:
    plan = plan_of({MOVIES.key: "old"})
    assert actions(plan) == ["replace", "upload", "upload"]
    assert [planned.replaces for planned in plan.objects] == ["old", None, None]
    assert [planned.file for planned in plan.replacements] == [MOVIES]


def test_a_file_of_another_size_is_replaced_without_being_read() -> None:
    file = FoundFile("movies.csv", MOVIES.key, 101)
    assert actions(plan_landing([file], {MOVIES.key: present_object(MOVIES.key, 100, "old")})) == ["replace"]


def test_what_lies_there_with_the_same_content_is_left() -> None:
    present = {MOVIES.key: "aa", SERIES.key: "bb", OTHERS.key: "cc", "Raw/x": "xx"}
    plan = plan_of(present)
    assert actions(plan) == ["unchanged"] * 3
    assert (plan.to_send, plan.bytes_to_send) == ((), 0)


def test_only_what_is_sent_counts_as_bytes_to_send() -> None:
    assert plan_of({SERIES.key: "bb"}).bytes_to_send == 101


def test_nothing_to_land_is_an_empty_plan() -> None:
    plan = plan_landing([], {})
    assert (plan.objects, plan.bytes_to_send) == ((), 0)


contents = st.binary(max_size=3)


@given(st.lists(st.tuples(contents, st.none() | contents), max_size=12))
def test_content_alone_decides(pairs: list[tuple[bytes, bytes | None]]) -> None:
    """Whatever lies there, each file ends up in the lake, once, and nothing that is the same is sent."""

    def sha256(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    files = [FoundFile(f"{n}", f"Raw/{n}", len(ours), sha256(ours)) for n, (ours, _) in enumerate(pairs)]
    present = {
        f"Raw/{n}": present_object(f"Raw/{n}", len(there), sha256(there))
        for n, (_, there) in enumerate(pairs)
        if there is not None
    }
    plan = plan_landing(files, present)
    assert [planned.file for planned in plan.objects] == files
    for planned, (ours, there) in zip(plan.objects, pairs, strict=True):
        expected = "upload" if there is None else "unchanged" if there == ours else "replace"
        assert planned.action == expected
        assert (planned.replaces is not None) is (expected == "replace")
