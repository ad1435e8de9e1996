"""Any query → rows, from the tables of the newest build."""

from cinelake.query.run import (
    QueryOptions,
    QueryRelation,
    QueryResult,
    RelationOptions,
    TablesResult,
    TellingOptions,
    query_tables,
    relate_query,
    tell_tables,
)

__all__ = [
    "QueryOptions",
    "QueryRelation",
    "QueryResult",
    "RelationOptions",
    "TablesResult",
    "TellingOptions",
    "query_tables",
    "relate_query",
    "tell_tables",
]
