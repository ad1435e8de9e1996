"""What will be registered is decided from values alone: which calls, how many at once, and in which order."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from cinelake.catalog.columns import Column
from cinelake.catalog.definitions import (
    COMMENT_LETTERS,
    Definition,
    Partition,
    Table,
    database_definition,
    holds,
    partition_definition,
    table_definition,
)
from cinelake.catalog.plan import (
    CreateDatabase,
    CreatePartitions,
    CreateTable,
    DeletePartitions,
    DeleteTable,
    Registered,
    Step,
    UpdatePartition,
    UpdateTable,
    plan_registration,
)

LAKE = "s3://lake"
FIRST, SECOND = "2022-05-02", "2022-05-03"


def table(name: str, builds: Mapping[str, str], comments: Mapping[str, str] | None = None) -> Table:
    """A table whose dates have these builds."""
    columns = (Column("titles", "bigint"),)
    partitions = [Partition(day, f"{LAKE}/{name}/{day}/{build}/", columns) for day, build in builds.items()]
    return Table(name, "One row a title.", comments or {}, tuple(partitions))


def registered(*tables: Table) -> Registered:
    """A catalogue that has these tables."""
    return Registered(
        database_definition("films", LAKE),
        {each.name: table_definition(each, LAKE) for each in tables},
        {each.name: {one.processing_date: partition_definition(one) for one in each.partitions} for each in tables},
    )


def steps_of(tables: Sequence[Table], there: Registered) -> tuple[Step, ...]:
    return plan_registration(tables, there, database="films", lake=LAKE).steps


def dates(step: Step) -> list[str]:
    """The dates that a step is about."""
    assert isinstance(step, CreatePartitions | DeletePartitions)
    return [each["Values"][0] for each in step.definitions]


def test_what_is_registered_as_wanted_takes_no_call() -> None:
    tables = [table("a", {FIRST: "1", SECOND: "2"}), table("b", {SECOND: "2"})]
    plan = plan_registration(tables, registered(*tables), database="films", lake=LAKE)
    assert plan.steps == ()
    assert {each.change for each in plan.tables} == {each.change for each in plan.partitions} == {"unchanged"}


def test_a_new_catalogue_is_made_from_the_outside_in() -> None:
    tables = [table("a", {FIRST: "1", SECOND: "2"}), table("b", {SECOND: "2"})]
    steps = steps_of(tables, Registered(None))
    assert [type(step) for step in steps] == [CreateDatabase, *[CreateTable] * 2, *[CreatePartitions] * 2]
    assert [dates(step) for step in steps[3:]] == [[FIRST, SECOND], [SECOND]]


def test_the_calls_that_switch_dates_follow_each_other_by_date_and_what_is_gone_goes_last() -> None:
    before = [
        table("a", {FIRST: "1", SECOND: "2"}),
        table("b", {"2022-05-01": "1", FIRST: "1", SECOND: "2"}),
        table("c", {FIRST: "1"}),
    ]
    after = [table("a", {FIRST: "3", SECOND: "4"}), table("b", {FIRST: "3", SECOND: "4"}), table("d", {SECOND: "4"})]
    steps = steps_of(after, registered(*before))
    told = [(type(step), getattr(step, "table", "")) for step in steps]
    assert told == [
        (CreateTable, "d"),
        (CreatePartitions, "d"),
        (UpdatePartition, "a"),
        (UpdatePartition, "b"),
        (UpdatePartition, "a"),
        (UpdatePartition, "b"),
        (UpdateTable, "a"),
        (UpdateTable, "b"),
        (DeletePartitions, "b"),
        (DeleteTable, "c"),
    ]
    switched = [step.definition["Values"][0] for step in steps if isinstance(step, UpdatePartition)]
    assert switched == [FIRST, FIRST, SECOND, SECOND]


def test_no_call_adds_more_than_a_hundred_dates_or_removes_more_than_twenty_five() -> None:
    days = [(date(2000, 1, 1) + timedelta(days=number)).isoformat() for number in range(201)]
    many, few = table("a", dict.fromkeys(days, "1")), table("a", {days[0]: "1"})
    added = [len(dates(step)) for step in steps_of([many], registered(few)) if isinstance(step, CreatePartitions)]
    assert added == [100, 100]
    removed = [len(dates(step)) for step in steps_of([few], registered(many)) if isinstance(step, DeletePartitions)]
    assert removed == [25] * 8
    everything = [day for step in steps_of([few], registered(many))[1:] for day in dates(step)]
    assert sorted(everything) == days[1:]


def test_other_words_describe_the_table_anew_and_leave_its_dates() -> None:
    [step] = steps_of([table("a", {FIRST: "1"}, {"titles": "all of them"})], registered(table("a", {FIRST: "1"})))
    assert isinstance(step, UpdateTable)


def test_a_comment_is_one_line_that_glue_takes() -> None:
    words = {"titles": "one\nline, " + "ã" * 300}
    comment = table_definition(table("a", {FIRST: "1"}, words), LAKE)["StorageDescriptor"]["Columns"][0]["Comment"]
    assert comment.startswith("one line, ãã")
    assert len(comment) == COMMENT_LETTERS


def test_what_is_registered_may_say_more_than_is_wanted_and_never_less() -> None:
    wanted: Definition = {"Columns": [{"Name": "a", "Type": "int"}], "Parameters": {"x": "1"}}
    more = {"Columns": [{"Name": "a", "Type": "int", "Comment": "c"}], "Parameters": {"x": "1", "y": "2"}, "Owner": "o"}
    assert holds(more, wanted)
    for less in (
        {},
        {**more, "Columns": []},
        {**more, "Columns": [{"Name": "a"}]},
        {**more, "Columns": [*more["Columns"], {"Name": "b", "Type": "int"}]},
        {**more, "Parameters": {"x": "2"}},
        {**more, "Parameters": None},
    ):
        assert not holds(less, wanted)
