"""The Glue Data Catalog tells what lies in the lake: each date's newest build, in folders that hold nothing else."""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from cinelake import (
    AccessError,
    CatalogOptions,
    CatalogResult,
    CinelakeError,
    ConfigurationError,
    DataError,
    ExpireBuildsOptions,
    LandOptions,
    ServiceError,
    build_tables,
    enrich_titles,
    expire_builds,
    land_files,
    register_tables,
)
from cinelake.catalog.columns import hive_columns, hive_type
from cinelake.lake.manifests import Manifest
from faulty import Answer, Do, FaultyNetwork, Page, Reset, faulty_network
from landings import emptied
from projects import DATE, PROGRAM, Place, ProjectFolder, S3Server
from tables import film, make_all
from test_secrets import SECRET, TOKEN, assert_nothing_is_told

LATER = "2022-05-03"
TABLES = {
    "trusted_contradictions", "trusted_credits", "trusted_rejects", "trusted_titles", "trusted_tmdb",
    "refined_bridge_title_genre", "refined_dim_genre", "refined_dim_title", "refined_fact_title",
}  # fmt: skip


@dataclass(frozen=True)
class Catalogued:
    """A project with its lake in a bucket, and a Glue database of its own that is not there yet."""

    folder: ProjectFolder
    place: Place
    database: str
    network: FaultyNetwork
    """Between cinelake and Glue."""

    @property
    def glue(self) -> Any:
        """A client of the tests' own, which does not go through the network."""
        return _glue_of(self.network.server)

    def build(self, films: int = 3, date: str = DATE) -> str:
        """Lands so many films, builds, and gives the build's run id."""
        self.folder.write_csv("movies.csv", [film(f"tt{number}", genero="Drama") for number in range(films)])
        project, lake, run = self.folder.open(self.place, date)
        land_files(project, lake, run, LandOptions(replace=True))
        enrich_titles(project, lake, run)
        assert build_tables(project, lake, run).status == "done"
        return run.run_id

    def register(self, *, dry_run: bool = False) -> CatalogResult:
        return register_tables(*self.folder.open(self.place), CatalogOptions(dry_run, self.database))

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the program."""
        return self.folder.cinelake(
            "catalog", "--database", self.database, *arguments, place=self.place, variables=variables
        )

    def table(self, name: str) -> Any:
        return self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]

    def tables(self) -> set[str]:
        return {table["Name"] for table in self.glue.get_tables(DatabaseName=self.database)["TableList"]}

    def locations(self, table: str) -> dict[str, str]:
        """Where each date of a table is said to lie."""
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"]
        return {each["Values"][0]: each["StorageDescriptor"]["Location"] for each in found}

    def everything(self) -> str:
        """All that the database holds."""
        told = [
            [self.table(name), self.glue.get_partitions(DatabaseName=self.database, TableName=name)["Partitions"]]
            for name in sorted(self.tables())
        ]
        return json.dumps(told, default=str)

    def keys_below(self, location: str) -> set[str]:
        """The keys that Athena would read there."""
        prefix = location.removeprefix(f"{self.place.uri}/")
        assert prefix != location
        return {key for key in self.place.objects() if key.startswith(prefix)}

    def manifests(self) -> list[Manifest]:
        """Of the builds, oldest first."""
        found = [data for key, data in self.place.objects().items() if key.startswith("_manifests/build/")]
        return sorted((Manifest.model_validate_json(data) for data in found), key=lambda each: each.run_id)

    def operations(self) -> list[str]:
        """What Glue was asked for since the last time."""
        asked = [each.operation for each in self.network.log]
        self.network.log.clear()
        return asked


@cache
def _glue_of(server: S3Server) -> Any:
    session = boto3.Session(server.access_key, server.secret_key, region_name="us-east-1")
    return session.client("glue", endpoint_url=server.endpoint)


@pytest.fixture(scope="module")
def network(moto: S3Server) -> Iterator[FaultyNetwork]:
    """A network that fails, before moto's Glue."""
    with faulty_network(moto) as network:
        yield network


@pytest.fixture
def lake(folder: ProjectFolder, network: FaultyNetwork, moto: S3Server) -> Iterator[Catalogued]:
    """A lake of one build, which is not registered yet."""
    network.forget()
    place = Place.on(moto)
    place = replace(place, variables={**place.variables, "AWS_ENDPOINT_URL_GLUE": f"http://127.0.0.1:{network.port}"})
    with emptied(place):
        catalogued = Catalogued(folder, place, f"films_{uuid.uuid4().hex[:12]}", network)
        catalogued.build()
        yield catalogued
        network.mend()


def changes_of(result: CatalogResult) -> dict[tuple[str, str], str]:
    """What became of each partition."""
    return {(each.table, each.processing_date): each.action for each in result.partitions}


# What is refused


def test_a_folder_lake_is_refused(folder: ProjectFolder) -> None:
    make_all(folder)
    with pytest.raises(ConfigurationError, match="is a folder, and the Glue Data Catalog reads Amazon S3 alone"):
        register_tables(*folder.open())
    ended = folder.cinelake("catalog", "--json")
    assert ended.returncode == 2
    assert "--lake s3://BUCKET" in json.loads(ended.stdout)["error"]["hint"]


def test_a_lake_without_a_build_is_refused(folder: ProjectFolder, lake: Catalogued) -> None:
    with emptied(Place(f"{lake.place.uri}-new", lake.place.variables, lake.place.server)) as place:
        land_files(*folder.open(place))
        with pytest.raises(ConfigurationError, match="nothing was built in s3://"):
            register_tables(*folder.open(place), CatalogOptions(database=lake.database))
    assert lake.operations() == []


def test_a_lake_on_another_store_is_not_told_of_to_aws(folder: ProjectFolder, lake: Catalogued) -> None:
    variables = {name: value for name, value in lake.place.variables.items() if name != "AWS_ENDPOINT_URL_GLUE"}
    with pytest.raises(ConfigurationError, match="reads Amazon S3 alone") as raised:
        register_tables(*folder.open(replace(lake.place, variables=variables)))
    assert "AWS_ENDPOINT_URL_GLUE" in raised.value.hint


@pytest.mark.parametrize("name", ["", "My-Films", "films.2022", "a" * 256])
def test_a_name_that_athena_does_not_read_is_refused(lake: Catalogued, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for a Glue database"):
        register_tables(*lake.folder.open(lake.place), CatalogOptions(database=name))
    assert lake.operations() == []


@pytest.mark.parametrize("parameters", [{}, {"cinelake_lake": "s3://of-somebody-else"}], ids=["without", "another"])
def test_a_database_without_our_mark_is_left_alone(lake: Catalogued, parameters: Mapping[str, str]) -> None:
    lake.glue.create_database(DatabaseInput={"Name": lake.database, "Parameters": parameters})
    ended = lake.run("--json")
    assert ended.returncode == 2
    told = json.loads(ended.stdout)["error"]
    assert parameters.get("cinelake_lake", "was made by somebody else") in told["what"]
    assert f"set its parameter cinelake_lake to {lake.place.uri}" in told["hint"]
    assert lake.tables() == set()
    lake.glue.update_database(
        Name=lake.database, DatabaseInput={"Name": lake.database, "Parameters": {"cinelake_lake": lake.place.uri}}
    )
    assert lake.register().status == "done"


@pytest.mark.parametrize("parameters", [{}, {"cinelake_lake": "s3://of-somebody-else"}], ids=["without", "another"])
def test_a_table_of_somebody_else_s_is_left_alone_and_nothing_is_written(
    lake: Catalogued, parameters: Mapping[str, str]
) -> None:
    ours = {"Name": lake.database, "Parameters": {"cinelake_lake": lake.place.uri}}
    lake.glue.create_database(DatabaseInput=ours)
    theirs = {"Name": "refined_fact_title", "Parameters": parameters}
    lake.glue.create_table(DatabaseName=lake.database, TableInput=theirs)
    with pytest.raises(ConfigurationError, match=r"the Glue table films_\w+.refined_fact_title ") as raised:
        lake.register()
    assert "--database" in raised.value.hint
    assert lake.tables() == {"refined_fact_title"}
    assert [each for each in lake.network.log if each.writes] == []


def test_a_table_of_a_name_that_no_build_has_stays_if_it_is_not_ours(lake: Catalogued) -> None:
    lake.register()
    lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": "refined_of_mine"})
    assert lake.register().status == "unchanged"
    assert "refined_of_mine" in lake.tables()


def test_another_object_in_the_folder_of_a_build_is_refused(lake: Catalogued) -> None:
    lake.register()
    lake.operations()
    before = lake.everything()
    key = f"{lake.locations('trusted_titles')[DATE].removeprefix(f'{lake.place.uri}/')}more.parquet"
    lake.place.overwrite(key, b"PAR1")
    with pytest.raises(DataError, match=f"{key} lies in the folder of trusted_titles of {DATE}, but is no object"):
        lake.register()
    assert lake.operations() == []
    assert lake.everything() == before


def test_an_object_that_was_changed_is_refused(lake: Catalogued) -> None:
    [record, *_] = lake.manifests()[0].objects
    lake.place.overwrite(record.key, b"PAR1")
    with pytest.raises(DataError, match=f"{record.key} is gone or changed") as raised:
        lake.register()
    assert "cinelake verify" in raised.value.hint


def test_a_build_that_does_not_tell_its_types_is_refused_until_it_is_made_again(lake: Catalogued) -> None:
    [build] = lake.manifests()
    for told in build.detail["tables"]:
        del told["types"]
    lake.place.overwrite(build.key, build.to_bytes())
    with pytest.raises(DataError, match=rf"the build of \w+\.\w+ of {DATE} does not tell the types") as raised:
        lake.register()
    assert f"run cinelake build --date {DATE}" in raised.value.hint
    assert [each for each in lake.network.log if each.writes] == []
    assert build_tables(*lake.folder.open(lake.place)).status == "done"
    assert lake.register().status == "done"


# Types


@pytest.mark.parametrize(
    ("duckdb", "hive"),
    [
        ("VARCHAR", "string"), ("BIGINT", "bigint"), ("INTEGER", "int"), ("SMALLINT", "smallint"),
        ("TINYINT", "tinyint"), ("DOUBLE", "double"), ("FLOAT", "float"), ("BOOLEAN", "boolean"), ("DATE", "date"),
        ("TIMESTAMP", "timestamp"), ("TIMESTAMP WITH TIME ZONE", "timestamp"), ("BLOB", "binary"),
        ("DECIMAL(3,1)", "decimal(3,1)"), ("DECIMAL(24,16)", "decimal(24,16)"), ("VARCHAR[]", "array<string>"),
        ("DECIMAL(3,1)[][]", "array<array<decimal(3,1)>>"),
        ("HUGEINT", None), ("UBIGINT", None), ("TIME", None), ("INTERVAL", None), ("JSON", None), ("INTEGER[3]", None),
        ("STRUCT(a INTEGER)", None), ("STRUCT(a INTEGER)[]", None), ("MAP(VARCHAR, INTEGER)", None),
    ],
)  # fmt: skip
def test_a_type_has_hive_s_name_or_none(duckdb: str, hive: str | None) -> None:
    assert hive_type(duckdb) == hive


@pytest.mark.parametrize(
    ("types", "what"),
    [
        ({"a": "BIGINT", "b": "TIME"}, "refined.x.b is TIME"),
        ({"Name": "VARCHAR", "name": "VARCHAR"}, "refined.x.name has the name of another column"),
        ({"Processing_Date": "DATE"}, "refined.x.Processing_Date has the name of the key of the partitions"),
    ],
)
def test_a_column_that_athena_cannot_read_is_named(types: Mapping[str, str], what: str) -> None:
    with pytest.raises(DataError, match=what):
        hive_columns("refined.x", types)


def test_a_table_with_a_type_that_athena_lacks_is_not_registered(lake: Catalogued) -> None:
    model = lake.folder.path / "sql/refined/clocks.sql"
    model.parent.mkdir(parents=True)
    model.write_text("-- One row.\nSELECT TIME '12:00:00' AS at FROM trusted.titles LIMIT 1\n", encoding="utf-8")
    lake.build()
    with pytest.raises(DataError, match=r"refined\.clocks\.at is TIME: cinelake knows no type of Athena") as raised:
        lake.register()
    assert "cast it in the model of refined.clocks" in raised.value.hint
    assert [each for each in lake.network.log if each.writes] == []


# The first registration


def test_a_dry_run_tells_and_writes_nothing(lake: Catalogued) -> None:
    result = lake.register(dry_run=True)
    assert result.status == "planned"
    assert set(changes_of(result).values()) == {"planned"}
    assert {(each.action, each.plan) for each in result.tables} == {("planned", "created")}
    assert lake.operations() == ["GetDatabase"]
    ended = lake.run("--dry-run")
    assert f"{lake.database}.refined_fact_title would be created: 1 partition (1 would be created)" in ended.stdout
    with pytest.raises(lake.glue.exceptions.EntityNotFoundException):
        lake.glue.get_database(Name=lake.database)


def test_every_table_of_the_newest_build_is_registered_with_its_date(lake: Catalogued) -> None:
    result = lake.register()
    assert result.status == "done"
    assert lake.tables() == {each.table for each in result.tables} == TABLES
    assert {(each.partitions, each.action) for each in result.tables} == {(1, "created")}
    assert changes_of(result) == {(name, DATE): "created" for name in TABLES}
    for each in result.partitions:
        assert lake.locations(each.table) == {DATE: each.location}
    database = lake.glue.get_database(Name=lake.database)["Database"]
    assert database["Parameters"] == {"cinelake_lake": lake.place.uri}


def test_each_location_holds_the_objects_of_its_build_and_no_other(lake: Catalogued) -> None:
    lake.build(4)
    lake.build(5, LATER)
    result = lake.register()
    _, second, third = lake.manifests()
    builds = {DATE: second, LATER: third}
    assert len(result.partitions) == 2 * len(TABLES)
    for date, build in builds.items():
        told = [lake.keys_below(each.location) for each in result.partitions if each.processing_date == date]
        assert all(told)
        assert sorted(key for keys in told for key in keys) == sorted(record.key for record in build.objects)


def test_a_table_is_described_as_parquet_with_the_types_and_words_of_its_model(lake: Catalogued) -> None:
    lake.register()
    table = lake.table("trusted_titles")
    storage = table["StorageDescriptor"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"] == {"EXTERNAL": "TRUE", "classification": "parquet", "cinelake_lake": lake.place.uri}
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [("processing_date", "date")]
    assert table["Description"].startswith("One row a title, as its first row in the files tells it")
    assert [(column["Name"], column["Type"]) for column in storage["Columns"]] == [
        ("kind", "string"), ("imdb_id", "string"), ("title", "string"), ("original_title", "string"),
        ("start_year", "smallint"), ("end_year", "smallint"), ("runtime_minutes", "int"), ("genres", "array<string>"),
        ("rating", "decimal(3,1)"), ("votes", "bigint"), ("variants", "bigint"), ("source_key", "string"),
    ]  # fmt: skip
    assert storage["Columns"][8]["Comment"] == "mean of IMDb users' ratings"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("ParquetHiveSerDe")
    assert storage["InputFormat"].endswith("MapredParquetInputFormat")
    assert storage["OutputFormat"].endswith("MapredParquetOutputFormat")
    assert storage["Location"] == lake.locations("trusted_titles")[DATE]
    [partition] = lake.glue.get_partitions(DatabaseName=lake.database, TableName="trusted_titles")["Partitions"]
    own = [{"Name": column["Name"], "Type": column["Type"]} for column in storage["Columns"]]
    assert partition["StorageDescriptor"] == {**storage, "Columns": own}


def test_no_object_of_a_table_is_read(lake: Catalogued, moto: S3Server) -> None:
    with faulty_network(moto) as to_s3:
        through = {**lake.place.variables, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{to_s3.port}"}
        for copy in lake.folder.load().work_directory.joinpath("copies").iterdir():
            copy.unlink()
        result = replace(lake, place=replace(lake.place, variables=through)).register()
        assert result.status == "done"
        read = [asked.key for asked in to_s3.log if asked.key]
        assert read == [build.key for build in lake.manifests()]


def test_nothing_is_written_to_the_lake(lake: Catalogued) -> None:
    before = lake.place.objects()
    lake.register()
    assert lake.place.objects() == before


def test_a_key_of_one_s_own_is_followed(lake: Catalogued, moto: S3Server) -> None:
    key = "of {origin}/{date:%Y-%m-%d}/{layer}-{format}/{dataset}/{file}"
    lake.folder.write_settings(lake=f'key = "{key}"')
    with emptied(replace(lake.place, uri=Place.on(moto).uri)) as place:
        own = replace(lake, place=place)
        run_id = own.build()
        own.register()
        titles, facts = (own.locations(name)[DATE] for name in ("trusted_titles", "refined_fact_title"))
        assert titles == f"{place.uri}/of Local/{DATE}/Trusted-Parquet/titles/{run_id}/"
        assert own.keys_below(titles) == {f"of Local/{DATE}/Trusted-Parquet/titles/{run_id}/titles.parquet"}
        assert own.keys_below(facts) == {
            record.key for record in own.manifests()[0].objects if record.key.endswith("/fact_title.parquet")
        }


# What follows


def test_a_second_registration_changes_nothing(lake: Catalogued) -> None:
    lake.register()
    lake.operations()
    result = lake.register()
    assert result.status == "unchanged"
    assert set(changes_of(result).values()) == {each.action for each in result.tables} == {"unchanged"}
    assert sorted(lake.operations()) == ["GetDatabase", *["GetPartitions"] * len(TABLES), "GetTables"]
    document = lake.folder.document("catalog", "--database", lake.database, place=lake.place)
    assert (document["stage"], document["status"]) == ("catalog", "unchanged")


def test_what_others_add_to_a_definition_is_neither_a_difference_nor_lost(lake: Catalogued) -> None:
    lake.register()
    table = lake.table("refined_dim_genre")
    noted = {
        "Name": table["Name"], "TableType": table["TableType"], "PartitionKeys": table["PartitionKeys"],
        "StorageDescriptor": {**table["StorageDescriptor"], "NumberOfBuckets": -1, "Compressed": False},
        "Parameters": {**table["Parameters"], "averageRecordSize": "12"}, "Description": table["Description"],
    }  # fmt: skip
    lake.glue.update_table(DatabaseName=lake.database, TableInput=noted)
    assert lake.register().status == "unchanged"
    lake.build(5)
    lake.register()
    assert lake.table("refined_dim_genre")["Parameters"]["averageRecordSize"] == "12"


def test_another_build_of_a_date_takes_the_place_of_the_first(lake: Catalogued) -> None:
    lake.register()
    first = lake.locations("refined_fact_title")[DATE]
    lake.operations()
    run_id = lake.build(4)
    result = lake.register()
    assert set(changes_of(result).values()) == {each.action for each in result.tables} == {"updated"}
    told = lake.everything()
    assert first not in told
    assert all(run_id in each.location for each in result.partitions)
    switched = [each for each in lake.operations() if not each.startswith("Get")]
    assert switched == [*["UpdatePartition"] * len(TABLES), *["UpdateTable"] * len(TABLES)]
    assert lake.manifests()[0].run_id not in told
    # The objects of the first are still there, and nobody is led to them.
    assert lake.keys_below(first)


def test_a_superseded_build_that_has_expired_is_nowhere_once_it_is_registered_again(lake: Catalogued) -> None:
    lake.register()
    lake.build(4)
    expire_builds(*lake.folder.open(lake.place), ExpireBuildsOptions())
    assert lake.keys_below(lake.locations("trusted_titles")[DATE]) == set()
    lake.register()
    for name in TABLES:
        assert lake.keys_below(lake.locations(name)[DATE])


def test_a_build_that_is_superseded_and_removed_meanwhile_is_not_taken_for_one_that_is_gone(
    lake: Catalogued, moto: S3Server
) -> None:
    lake.register()

    def supersede() -> None:
        lake.build(4)
        expire_builds(*lake.folder.open(lake.place), ExpireBuildsOptions())

    with faulty_network(moto) as to_s3:
        through = {**lake.place.variables, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{to_s3.port}"}
        to_s3.fail(Do(supersede), "GET", "prefix=Trusted")
        result = replace(lake, place=replace(lake.place, variables=through)).register()
        assert to_s3.met == 1
    assert set(changes_of(result).values()) == {"updated"}
    newest = lake.manifests()[-1].run_id
    assert all(newest in each.location and lake.keys_below(each.location) for each in result.partitions)


def test_a_build_that_comes_while_another_is_registered_is_registered_too(lake: Catalogued) -> None:
    lake.register()
    lake.build(4)

    def supersede() -> None:
        lake.build(5)
        at_once = {**lake.place.variables, "AWS_ENDPOINT_URL_GLUE": lake.place.server.endpoint}  # type: ignore[union-attr]
        assert replace(lake, place=replace(lake.place, variables=at_once)).register().status == "done"
        expire_builds(*lake.folder.open(lake.place), ExpireBuildsOptions())

    lake.network.fail(Do(supersede), "POST", "UpdatePartition")
    result = lake.register()
    assert lake.network.met == 1
    assert set(changes_of(result).values()) == {"updated"}
    newest = lake.manifests()[-1].run_id
    for name in TABLES:
        assert newest in lake.locations(name)[DATE]
        assert lake.keys_below(lake.locations(name)[DATE])
    assert lake.register().status == "unchanged"


def test_a_date_that_is_built_again_before_it_would_be_removed_stays(lake: Catalogued) -> None:
    lake.build(5, LATER)
    lake.register()
    first, _ = lake.manifests()
    lake.place.server.client().delete_object(Bucket=lake.place.name, Key=first.key)  # type: ignore[union-attr]
    lake.operations()
    lake.network.fail(Do(lambda: lake.build(4)), "POST", "GetTables")
    result = lake.register()
    assert {key[1]: action for key, action in changes_of(result).items()} == {DATE: "updated", LATER: "unchanged"}
    assert "BatchDeletePartition" not in lake.operations()
    for name in TABLES:
        assert lake.keys_below(lake.locations(name)[DATE])


def test_builds_that_keep_coming_are_told(lake: Catalogued) -> None:
    lake.register()
    films = iter(range(6, 9))
    for switch in range(3):
        lake.network.fail(
            Do(lambda: lake.build(next(films))), "POST", "UpdatePartition", first=1 + switch * len(TABLES)
        )
    lake.build(5)
    with pytest.raises(ServiceError, match="newer builds were made while it was done, 3 times") as raised:
        lake.register()
    assert raised.value.hint == "run again"
    assert lake.network.met == 3
    assert lake.register().status == "done"


def test_a_second_date_stands_beside_the_first(lake: Catalogued) -> None:
    lake.register()
    before = lake.locations("trusted_titles")
    lake.build(5, LATER)
    result = lake.register()
    assert {key[1]: action for key, action in changes_of(result).items()} == {DATE: "unchanged", LATER: "created"}
    locations = lake.locations("trusted_titles")
    assert locations.keys() == {DATE, LATER}
    assert locations[DATE] == before[DATE]
    assert lake.table("trusted_titles")["StorageDescriptor"]["Location"] == locations[LATER]
    ended = lake.run()
    assert f"{lake.database}.trusted_titles unchanged: 2 partitions (2 unchanged)\n" in ended.stdout


def test_each_date_has_its_own_columns_and_the_table_those_of_the_newest(lake: Catalogued) -> None:
    model = lake.folder.path / "sql/refined/counted.sql"
    model.parent.mkdir(parents=True)
    model.write_text("-- One row: the titles.\nSELECT COUNT(*) AS titles FROM trusted.titles\n", encoding="utf-8")
    lake.build()
    model.write_text(
        "-- One row: titles and kinds.\n-- column: titles BIGINT: all of them\n-- column: kinds BIGINT: of titles\n"
        "SELECT COUNT(*) AS titles, COUNT(DISTINCT kind) AS kinds FROM trusted.titles\n",
        encoding="utf-8",
    )
    lake.build(5, LATER)
    lake.register()
    found = lake.glue.get_partitions(DatabaseName=lake.database, TableName="refined_counted")["Partitions"]
    columns = {each["Values"][0]: [own["Name"] for own in each["StorageDescriptor"]["Columns"]] for each in found}
    assert columns == {DATE: ["titles"], LATER: ["titles", "kinds"]}
    table = lake.table("refined_counted")
    assert table["Description"] == "One row: titles and kinds."
    assert [(each["Name"], each["Comment"]) for each in table["StorageDescriptor"]["Columns"]] == [
        ("titles", "all of them"),
        ("kinds", "of titles"),
    ]


def test_a_date_whose_build_is_gone_from_the_lake_is_removed(lake: Catalogued) -> None:
    lake.build(5, LATER)
    lake.register()
    first, _ = lake.manifests()
    _, open_lake, _ = lake.folder.open(lake.place)
    lake.place.server.client().delete_object(Bucket=lake.place.name, Key=first.key)  # type: ignore[union-attr]
    result = lake.register()
    assert {key[1]: action for key, action in changes_of(result).items()} == {DATE: "removed", LATER: "unchanged"}
    for name in TABLES:
        assert lake.locations(name).keys() == {LATER}
    assert "(1 unchanged)" in lake.run().stdout
    assert open_lake.list_objects("Trusted")


def test_a_date_of_whose_table_no_object_is_left_is_removed_with_a_warning(lake: Catalogued) -> None:
    lake.build(5, LATER)
    lake.register()
    for record in lake.manifests()[0].objects:
        lake.place.server.client().delete_object(Bucket=lake.place.name, Key=record.key)  # type: ignore[union-attr]
    ended = lake.run()
    assert ended.returncode == 0
    assert f"trusted_titles of {DATE} is gone from the lake" in ended.stderr
    assert f"{lake.database}.trusted_titles unchanged: 1 partition (1 unchanged, 1 removed)" in ended.stdout
    assert lake.locations("trusted_titles").keys() == {LATER}


def test_a_table_that_no_build_has_any_more_is_removed(lake: Catalogued) -> None:
    model = lake.folder.path / "sql/refined/counted.sql"
    model.parent.mkdir(parents=True)
    model.write_text("-- One row: the titles.\nSELECT COUNT(*) AS titles FROM trusted.titles\n", encoding="utf-8")
    lake.build()
    lake.register()
    assert "refined_counted" in lake.tables()
    model.unlink()
    lake.build()
    result = lake.register()
    assert [each for each in result.tables if each.action == "removed"] == [("refined_counted", 0, "removed", None)]
    assert changes_of(result)["refined_counted", DATE] == "removed"
    assert lake.tables() == TABLES


def test_a_partition_that_was_led_astray_is_led_back(lake: Catalogued) -> None:
    lake.register()
    [partition] = lake.glue.get_partitions(DatabaseName=lake.database, TableName="trusted_titles")["Partitions"]
    storage = {**partition["StorageDescriptor"], "Location": f"{lake.place.uri}/Trusted/"}
    lake.glue.update_partition(
        DatabaseName=lake.database,
        TableName="trusted_titles",
        PartitionValueList=[DATE],
        PartitionInput={"Values": [DATE], "StorageDescriptor": storage},
    )
    before = partition["StorageDescriptor"]["Location"]
    result = lake.register()
    assert [key for key, action in changes_of(result).items() if action != "unchanged"] == [("trusted_titles", DATE)]
    assert lake.locations("trusted_titles") == {DATE: before}


def test_more_dates_than_fit_one_call_or_one_page(lake: Catalogued) -> None:
    lake.register()
    there = lake.glue.get_partitions(DatabaseName=lake.database, TableName="trusted_titles")["Partitions"]
    days = [(datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=number)).date().isoformat() for number in range(60)]
    stale = [{"Values": [day], "StorageDescriptor": there[0]["StorageDescriptor"]} for day in days]
    lake.glue.batch_create_partition(DatabaseName=lake.database, TableName="trusted_titles", PartitionInputList=stale)
    lake.operations()
    lake.network.fail(Page("Partitions", 25), "POST", "GetPartitions", times=None)
    lake.network.fail(Page("TableList", 4), "POST", "GetTables", times=None)
    result = lake.register()
    asked = lake.operations()
    assert asked.count("GetTables") == 3
    assert asked.count("GetPartitions") == len(TABLES) + 2
    assert asked.count("BatchDeletePartition") == 3
    assert sum(each.action == "removed" for each in result.partitions) == 60
    assert lake.locations("trusted_titles").keys() == {DATE}


# What fails


@pytest.mark.parametrize("operation", ["GetDatabase", "CreateDatabase", "CreateTable", "BatchCreatePartition"])
def test_a_permission_that_lacks_is_named(lake: Catalogued, operation: str) -> None:
    lake.network.fail(Answer(400, "AccessDeniedException"), "POST", operation, times=None)
    ended = lake.run("--json")
    assert ended.returncode == 4
    told = json.loads(ended.stdout)["error"]
    assert f"glue:{operation}" in told["what"]
    assert "docs/catalog.md" in told["hint"]


def test_refused_credentials_are_told_as_such(lake: Catalogued) -> None:
    lake.network.fail(Answer(400, "ExpiredTokenException"), "POST", times=None)
    with pytest.raises(AccessError, match="the session token has expired") as raised:
        lake.register()
    assert "get new credentials" in raised.value.hint


def test_a_catalogue_that_cannot_be_reached_is_told_with_its_own_variable(lake: Catalogued) -> None:
    ended = lake.run("--json", AWS_ENDPOINT_URL_GLUE="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    assert ended.returncode == 5
    told = json.loads(ended.stdout)["error"]
    assert "http://127.0.0.1:1 could not be reached" in told["what"]
    assert "AWS_ENDPOINT_URL_GLUE" in told["hint"]


def test_what_answers_but_is_no_catalogue_is_told(lake: Catalogued) -> None:
    lake.network.fail(Answer(200, "NoGlue"), "POST", "GetDatabase")
    with pytest.raises(ServiceError, match="what answered is no Glue Data Catalog") as raised:
        lake.register()
    assert "AWS_ENDPOINT_URL_GLUE" in raised.value.hint


def test_a_catalogue_that_asks_to_slow_down_is_asked_again(lake: Catalogued) -> None:
    lake.network.fail(Answer(400, "ThrottlingException"), "POST", "CreateTable", times=2)
    assert lake.register().status == "done"
    assert lake.network.met == 2
    assert lake.tables() == TABLES


def test_a_partition_that_another_run_has_just_added_is_told(lake: Catalogued) -> None:
    lake.register()
    name = "trusted_titles"
    [there] = lake.glue.get_partitions(DatabaseName=lake.database, TableName=name)["Partitions"]
    same = {"Values": [LATER], "StorageDescriptor": there["StorageDescriptor"]}
    lake.build(5, LATER)

    def add() -> None:
        lake.glue.create_partition(DatabaseName=lake.database, TableName=name, PartitionInput=same)

    lake.network.fail(Do(add), "POST", "BatchCreatePartition")
    with pytest.raises(ServiceError, match=f"add {LATER} to {lake.database}.{name}: it was changed at this") as raised:
        lake.register()
    assert raised.value.hint == "run again"
    assert lake.register().status == "done"
    assert lake.locations(name)[LATER] != there["StorageDescriptor"]["Location"]


def test_a_partition_that_another_run_has_just_removed_is_as_good_as_removed(lake: Catalogued) -> None:
    lake.build(5, LATER)
    lake.register()
    first = lake.manifests()[0]
    lake.place.server.client().delete_object(Bucket=lake.place.name, Key=first.key)  # type: ignore[union-attr]

    def remove() -> None:
        lake.glue.delete_partition(DatabaseName=lake.database, TableName="trusted_titles", PartitionValues=[DATE])

    lake.network.fail(Do(remove), "POST", "BatchDeletePartition")
    assert lake.register().status == "done"
    assert lake.locations("trusted_titles").keys() == {LATER}


@pytest.mark.parametrize("write", [1, 2, 11, 19])
def test_what_a_killed_run_left_undone_is_done_by_the_next(lake: Catalogued, write: int) -> None:
    process = subprocess.Popen(
        [PROGRAM, "catalog", "--lake", lake.place.uri, "--database", lake.database],
        cwd=lake.folder.path,
        env={**os.environ, **lake.place.variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The first request looks for the database, and finds none: all that follow write. This one never arrives.
    for fault in (Do(process.kill), Reset()):
        lake.network.fail(fault, "POST", first=1 + write)
    assert process.wait(60) == -signal.SIGKILL
    assert sum(each.writes for each in lake.network.log) == write
    if write > 1:
        for name in lake.tables():
            assert all(lake.keys_below(location) for location in lake.locations(name).values())
    assert lake.register().status == "done"
    assert lake.tables() == TABLES
    assert all(lake.locations(name).keys() == {DATE} for name in TABLES)
    assert lake.register().status == "unchanged"


def test_a_run_that_was_killed_while_it_switched_a_date_is_gone_on_with(lake: Catalogued) -> None:
    lake.register()
    first = lake.manifests()[0].run_id
    run_id = lake.build(4)
    lake.network.fail(Answer(400, "InvalidInputException"), "POST", "UpdatePartition", first=4)
    with pytest.raises(CinelakeError, match="InvalidInputException"):
        lake.register()
    builds = {name: lake.locations(name)[DATE].split("/")[-2] for name in TABLES}
    assert sorted(builds.values()) == sorted([run_id] * 3 + [first] * 6)
    assert lake.register().status == "done"
    assert all(run_id in lake.locations(name)[DATE] for name in TABLES)


# The program


def test_the_program_tells_what_it_did(lake: Catalogued) -> None:
    document = lake.folder.document("catalog", "--database", lake.database, place=lake.place)
    assert {"stage", "run_id", "processing_date", "lake", "status", "database", "tables", "partitions"} == {*document}
    assert (document["stage"], document["status"], document["database"]) == ("catalog", "done", lake.database)
    assert {"table": "trusted_titles", "partitions": 1, "action": "created"} in document["tables"]
    assert {
        "table": "trusted_titles",
        "processing_date": DATE,
        "location": lake.locations("trusted_titles")[DATE],
        "action": "created",
    } in document["partitions"]
    lake.build(4)
    ended = lake.run("-v")
    assert f"{lake.database}.trusted_titles updated: 1 partition (1 updated)\n" in ended.stdout
    assert f"point {DATE} of {lake.database}.trusted_titles at its newest build" in ended.stderr


def test_the_catalogue_s_address_may_stand_in_env(lake: Catalogued) -> None:
    address = lake.place.variables["AWS_ENDPOINT_URL_GLUE"]
    lake.folder.path.joinpath(".env").write_text(f"AWS_ENDPOINT_URL_GLUE={address}\n", encoding="utf-8")
    variables = {name: value for name, value in lake.place.variables.items() if name != "AWS_ENDPOINT_URL_GLUE"}
    own = replace(lake, place=replace(lake.place, variables=variables))
    assert own.run().returncode == 0
    assert lake.tables() == TABLES


def test_no_secret_is_told(lake: Catalogued, tmp_path: Path) -> None:
    keys = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    lake.network.fail(Answer(400, "AccessDeniedException", f"{SECRET} {TOKEN}"), "POST", "CreateTable", first=3)
    ended = lake.run("-vv", "--json", **keys)
    assert ended.returncode == 4
    assert "Traceback" in ended.stderr
    assert_nothing_is_told(ended.stdout + ended.stderr)
    ended = lake.run("-vv", **keys)
    assert ended.returncode == 0
    assert_nothing_is_told(ended.stdout + ended.stderr + lake.everything())
