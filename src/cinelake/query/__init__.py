"""Any query → rows, from the tables of the newest build."""

from cinelake.query.run import (
    QueryOptions,
    QueryResult,
    TablesResult,
    TellingOptions,
    query_tables,
    tell_tables,
)

__all__ = ["QueryOptions", "QueryResult", "TablesResult", "TellingOptions", "query_tables", "tell_tables"]
