"""One database of the AWS Glue Data Catalog, through boto3."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, assert_never

from botocore.exceptions import ClientError

from cinelake.catalog.definitions import Definition
from cinelake.catalog.failures import MEANWHILE, catalog_failures
from cinelake.catalog.plan import (
    CreateDatabase,
    CreatePartitions,
    CreateTable,
    DeletePartitions,
    DeleteTable,
    Step,
    UpdatePartition,
    UpdateTable,
)
from cinelake.config import Project
from cinelake.errors import CinelakeError, ConfigurationError, ServiceError
from cinelake.lake.bucket import Bucket, is_of_aws
from cinelake.lake.failures import TELL_ALL, BusyError, code_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

NOT_THERE = "EntityNotFoundException"


class GlueDatabase:
    """One database, which need not be there. Every method raises the errors of `catalog_failures`."""

    def __init__(self, client: "GlueClient", name: str) -> None:
        self.name = name
        self._client = client

    @classmethod
    def open(cls, project: Project, bucket: Bucket, name: str) -> "GlueDatabase":
        """Gets ready to ask the catalogue of the bucket's account and region; nothing is asked of the network.

        Raises:
            ConfigurationError: the bucket is not on AWS, and no other catalogue than that of AWS is named.
        """
        with catalog_failures("cannot open the Glue Data Catalog", "GetDatabase"):
            client = bucket.session.client(
                "glue",
                region_name=bucket.region,
                endpoint_url=project.environment.glue_endpoint_url,
                verify=bucket.certificates,
                config=bucket.config,
            )
        # Who configured another store is not told of to AWS.
        if bucket.endpoint_url is not None and is_of_aws(client.meta.endpoint_url):
            raise ConfigurationError(
                f"{project.lake_uri} is on {bucket.endpoint_url}, and the Glue Data Catalog reads Amazon S3 alone",
                "name a lake on Amazon S3, or the endpoint of another catalogue in AWS_ENDPOINT_URL_GLUE",
            )
        return cls(client, name)

    def find(self) -> Definition | None:
        """The database; None where it is not there."""
        with catalog_failures(f"cannot look up the Glue database {self.name}", "GetDatabase"):
            try:
                answer: Any = self._client.get_database(Name=self.name)
            except ClientError as error:
                if code_of(error)[0] == NOT_THERE:
                    return None
                raise
        if "Database" not in answer:  # botocore takes any document for an answer
            raise ServiceError("what answered is no Glue Data Catalog", "check AWS_ENDPOINT_URL_GLUE, then run again")
        return dict(answer["Database"])

    def list_tables(self) -> dict[str, Definition]:
        """All tables, whoever made them, by name."""
        with catalog_failures(f"cannot list the tables of the Glue database {self.name}", "GetTables"):
            pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self.name)
            return {each["Name"]: dict(each) for page in pages for each in page["TableList"]}

    def list_partitions(self, table: str) -> dict[str, Definition]:
        """A table's partitions, by their value."""
        with catalog_failures(f"cannot list the partitions of {self.name}.{table}", "GetPartitions"):
            pages = self._client.get_paginator("get_partitions").paginate(DatabaseName=self.name, TableName=table)
            return {"/".join(each["Values"]): dict(each) for page in pages for each in page["Partitions"]}

    def do(self, step: Step) -> None:
        """Does one step of a plan, in one call."""
        operation = type(step).__name__
        match step:
            case CreatePartitions() | DeletePartitions():
                operation = f"Batch{operation.removesuffix('s')}"
        with catalog_failures(f"cannot {words_of(step, self.name)}", operation):
            self._call(step)

    def _call(self, step: Step) -> None:
        client, database = self._client, self.name
        match step:
            case CreateDatabase(definition):
                client.create_database(DatabaseInput=definition)
            case CreateTable(_, definition):
                client.create_table(DatabaseName=database, TableInput=definition)
            case CreatePartitions(table, definitions):
                made = client.batch_create_partition(
                    DatabaseName=database, TableName=table, PartitionInputList=definitions
                )
                _refuse(words_of(step, database), made.get("Errors", ()))
            case UpdatePartition(table, definition):
                client.update_partition(
                    DatabaseName=database,
                    TableName=table,
                    PartitionValueList=definition["Values"],
                    PartitionInput=definition,
                )
            case UpdateTable(_, definition):
                # Each build would leave a version of the table behind, and they count against a limit.
                client.update_table(DatabaseName=database, TableInput=definition, SkipArchive=True)
            case DeletePartitions(table, definitions):
                removed = client.batch_delete_partition(
                    DatabaseName=database,
                    TableName=table,
                    PartitionsToDelete=[{"Values": each["Values"]} for each in definitions],
                )
                _refuse(words_of(step, database), removed.get("Errors", ()), but=NOT_THERE)
            case DeleteTable(table):
                client.delete_table(DatabaseName=database, Name=table)
            case _:
                assert_never(step)


def words_of(step: Step, database: str) -> str:
    """A step in words, as in `create the Glue table cinelake.refined_fact_title`."""
    match step:
        case CreateDatabase():
            return f"create the Glue database {database}"
        case CreateTable(table, _):
            return f"create the Glue table {database}.{table}"
        case CreatePartitions(table, definitions):
            return f"add {_dates(definitions)} to {database}.{table}"
        case UpdatePartition(table, definition):
            return f"point {_dates((definition,))} of {database}.{table} at its newest build"
        case UpdateTable(table, _):
            return f"update the Glue table {database}.{table}"
        case DeletePartitions(table, definitions):
            return f"remove {_dates(definitions)} from {database}.{table}"
        case DeleteTable(table):
            return f"remove the Glue table {database}.{table}"
        case _:
            assert_never(step)


def _dates(definitions: Sequence[Any]) -> str:
    values = ["/".join(each["Values"]) for each in definitions]
    return values[0] if len(values) == 1 else f"{len(values)} dates"


def _refuse(doing: str, errors: Sequence[Any], but: str = "") -> None:
    """Raises the first of the errors that one answer tells of its partitions."""
    for code in _codes(errors):
        if code != but:
            if code in MEANWHILE:
                raise BusyError(f"cannot {doing}: it was changed at this moment ({code})", "run again")
            raise CinelakeError(f"cannot {doing}: the service answered {code}", TELL_ALL)


def _codes(errors: Sequence[Any]) -> Iterator[str]:
    for error in errors:
        yield str(error.get("ErrorDetail", {}).get("ErrorCode", "with an error"))
