"""What happens to each source file: decided from checksums alone."""

import pytest

from cinelake import CinelakeError, ExitCode
from cinelake.land.plan import FoundFile, plan_landing

MOVIES = FoundFile("data/movies.csv", "Raw/movies.csv", 100, "aa")
SERIES = FoundFile("series.csv", "Raw/series.csv", 10, "bb")
OTHERS = FoundFile("others.csv", "Raw/others.csv", 1, "cc")


def actions(present: dict[str, str], *, keeps_replaced: bool = True, replace: bool = False) -> list[str]:
    plan = plan_landing([MOVIES, SERIES, OTHERS], present, keeps_replaced=keeps_replaced, replace=replace)
    assert [planned.file for planned in plan.objects] == [MOVIES, SERIES, OTHERS]
    return [planned.action for planned in plan.objects]


def test_a_changed_file_is_refused_where_its_object_would_be_lost() -> None:
    with pytest.raises(CinelakeError) as caught:
        actions({MOVIES.key: "old", SERIES.key: SERIES.sha256}, keeps_replaced=False)
    assert caught.value.exit_code is ExitCode.FAILED
    assert "data/movies.csv" in caught.value.what
    assert MOVIES.key in caught.value.what
    assert "series.csv" not in caught.value.what
    assert all(word in caught.value.hint for word in ("versioning", "--date", "--replace"))


def test_every_file_that_changed_is_named() -> None:
    with pytest.raises(CinelakeError, match=r"data/movies\.csv, series\.csv changed"):
        actions({MOVIES.key: "old", SERIES.key: "old"}, keeps_replaced=False)


@pytest.mark.parametrize(("keeps_replaced", "replace"), [(True, False), (False, True), (True, True)])
def test_a_changed_file_replaces_where_it_is_kept_or_asked_for(keeps_replaced: bool, replace: bool) -> None:
    present = {MOVIES.key: "old", SERIES.key: SERIES.sha256}
    assert actions(present, keeps_replaced=keeps_replaced, replace=replace) == ["replace", "unchanged", "upload"]


def test_a_replacement_says_what_it_replaces() -> None:
    plan = plan_landing([MOVIES, SERIES], {MOVIES.key: "old"}, keeps_replaced=True, replace=False)
    assert [planned.replaces for planned in plan.objects] == ["old", None]


@pytest.mark.parametrize("keeps_replaced", [True, False])
@pytest.mark.parametrize("replace", [True, False])
def test_what_lies_there_with_the_same_content_is_left(keeps_replaced: bool, replace: bool) -> None:
    present = {MOVIES.key: MOVIES.sha256, SERIES.key: SERIES.sha256, OTHERS.key: OTHERS.sha256, "Raw/x": "xx"}
    assert actions(present, keeps_replaced=keeps_replaced, replace=replace) == ["unchanged"] * 3


def test_only_what_is_sent_counts_as_bytes_to_send() -> None:
    plan = plan_landing([MOVIES, SERIES, OTHERS], {SERIES.key: "bb"}, keeps_replaced=True, replace=False)
    assert plan.bytes_to_send == 101


def test_nothing_to_land_is_an_empty_plan() -> None:
    plan = plan_landing([], {}, keeps_replaced=False, replace=False)
    assert (plan.objects, plan.bytes_to_send) == ((), 0)
