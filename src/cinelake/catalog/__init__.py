"""The tables of Trusted and Refined → the AWS Glue Data Catalog."""

from cinelake.catalog.run import CatalogOptions, CatalogResult, register_tables

__all__ = ["CatalogOptions", "CatalogResult", "register_tables"]
