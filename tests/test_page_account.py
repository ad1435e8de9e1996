"""Who types each command of the pages, and what is left to hold of them: languages, sections, commands in sentences."""

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import typer.main

import test_docs
import test_explanations
import test_how_to
import test_kubernetes_page
import test_page_commands
from cinelake.cli.app import app
from pages import FENCE, NOT_RUN, PAGES, SHELLS, Block, blocks_of, section_of, text_of
from test_readme import TWINS

NEEDS_A_CLUSTER = "docs/kubernetes.md"
"""Of its blocks the words alone are tried, or stand-ins are told them."""
WHOLE: dict[str, Callable[..., None]] = {
    "README.md": test_page_commands.test_the_readme_runs_as_written,
    "docs/ask-tmdb.md": test_page_commands.test_tmdb_is_asked_as_written,
    "docs/aws.md": test_page_commands.test_aws_takes_what_is_written,
    "docs/docker.md": test_page_commands.test_containers_run_as_written,
    "docs/on-s3.md": test_page_commands.test_a_bucket_is_used_as_written,
    "docs/sql.md": test_page_commands.test_queries_are_asked_as_written,
    "docs/swarm.md": test_page_commands.test_a_swarm_runs_as_written,
}
"""Pages whose every block one test types."""
CONSOLES: dict[str, Callable[..., None]] = {
    "docs/add-a-table.md": test_docs.test_a_table_and_a_question_are_added_as_the_page_says,
    "docs/ask-your-own.md": test_docs.test_a_question_with_a_chart_is_asked_as_the_page_says,
    "docs/catalog.md": test_docs.test_tables_are_catalogued_as_the_page_says,
    "docs/another-genre.md": test_how_to.test_what_is_typed_prints_what_the_page_says,
    "docs/another-source.md": test_how_to.test_what_is_typed_prints_what_the_page_says,
    "docs/backfill.md": test_how_to.test_what_is_typed_prints_what_the_page_says,
    "docs/daily.md": test_how_to.test_what_is_typed_prints_what_the_page_says,
    "docs/hand-in-the-evidence.md": test_how_to.test_the_evidence_is_handed_in_as_the_page_says,
    "docs/s3-compatible-stores.md": test_how_to.test_another_store_is_set_up_as_the_page_says,
    "docs/share-a-snapshot.md": test_how_to.test_what_is_typed_prints_what_the_page_says,
    "docs/layers.md": test_explanations.test_what_is_typed_prints_what_the_page_says,
    "docs/what-tmdb-knows.md": test_explanations.test_what_is_typed_prints_what_the_page_says,
    "docs/imdb.md": test_docs.test_imdbs_datasets_are_fetched_as_the_page_says,
    "docs/tutorial.md": test_docs.test_the_tutorial_leads_where_it_says,
}
"""Pages whose every console the tests of that page type."""
SPARK_SUBMIT = test_docs.test_spark_submit_builds_as_the_page_says_whatever_the_default_file_system_is
EKS_IMAGES = test_kubernetes_page.test_on_eks_the_images_that_are_built_and_pushed_are_those_that_the_changed_files_run
PARTS: dict[str, dict[str, Callable[..., None] | str]] = {
    "docs/tutorial.md": {
        "rm -r lake": test_page_commands.test_the_tutorial_goes_on_to_ones_own_files_and_to_a_bucket_as_written,
        "cinelake doctor": test_page_commands.test_the_tutorial_goes_on_to_ones_own_files_and_to_a_bucket_as_written,
    },
    "docs/many-machines.md": {
        "make setup-all": test_page_commands.test_spark_builds_as_written,
        "spark=": test_page_commands.test_spark_builds_as_written,
        "python -m cinelake.sample": SPARK_SUBMIT,
        "python build.py": SPARK_SUBMIT,
        "cinelake build --lake s3://my-lake --remote": "needs a Spark Connect server on Kubernetes",
        "aws emr": test_page_commands.test_aws_takes_what_is_said_not_to_have_been_run,
        "aws glue": test_page_commands.test_aws_takes_what_is_said_not_to_have_been_run,
        "databricks": "needs Databricks and its CLI",
    },
    "docs/kubernetes.md": {
        "kind create": test_page_commands.test_kubectl_knows_the_words_of_what_is_said_not_to_have_been_run,
        "kubectl create secret": test_kubernetes_page.test_the_secret_that_is_made_by_hand_is_made_as_the_pages_say,
        "cinelake doctor --policy": test_page_commands.test_aws_takes_what_is_said_not_to_have_been_run,
        "registry=": EKS_IMAGES,
        "kubectl apply": test_page_commands.test_kubectl_knows_the_words_of_what_is_said_not_to_have_been_run,
        "kubectl delete": test_page_commands.test_kubectl_knows_the_words_of_what_is_said_not_to_have_been_run,
        "docker build --file": test_kubernetes_page.test_each_image_is_of_this_version_and_is_built_as_the_page_says,
    },
}
"""Blocks by how their first command begins; a text says why no test types them."""
APART = {
    "bench/README.md": "benchmarks, which take hours and are no tests",
    "docs/commands.md": "the usage of each command, written from the code; test_help_examples types the examples",
}
"""Pages that are no instructions, and why."""


def who_types(block: Block) -> Callable[..., None] | str | None:
    """The test that types a block; a reason why none does; None where it was forgotten."""
    if block.page in WHOLE:
        return WHOLE[block.page]
    if block.page in CONSOLES and block.language == "console":
        return CONSOLES[block.page]
    parts = PARTS.get(block.page, {})
    return next((each for begin, each in parts.items() if block.first.startswith(begin)), None)


COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
ENGLISH = [block for page in PAGES if page not in TWINS and page not in APART for block in blocks_of(page)]


@pytest.mark.parametrize("block", ENGLISH, ids=lambda block: f"{block.page}:{block.line}")
def test_each_block_is_typed_by_a_test_or_its_section_says_that_it_was_not_run(block: Block) -> None:
    typed_by = who_types(block)
    assert typed_by is not None, f"no test types this:\n{block.text}"
    if isinstance(typed_by, str) or block.page == NEEDS_A_CLUSTER:
        assert NOT_RUN.search(section_of(block))


@pytest.mark.parametrize("page", TWINS)
def test_in_portuguese_the_same_is_typed_and_as_much_was_not_run(page: str) -> None:
    typed = [
        [command.replace(" --lang pt", "") for block in blocks_of(each) for command in block.commands]
        for each in (page, TWINS[page])
    ]
    assert typed[0] == typed[1]
    sections = [re.split(r"^#+ ", text_of(each), flags=re.MULTILINE) for each in (page, TWINS[page])]
    marks = [[len(NOT_RUN.findall(section)) for section in each] for each in sections]
    assert marks[0] == marks[1]


@pytest.mark.parametrize("page", PAGES)
def test_a_fence_is_of_a_language_that_somebody_looks_after(page: str) -> None:
    """Commands stand in those of SHELLS, and in no other shell's."""
    languages = {language for _, language, _ in FENCE.findall(text_of(page))}
    assert languages <= {*SHELLS, "{toctree}", "ini", "json", "mermaid", "py", "python", "sql", "text", "toml"}


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_a_sentence_are_there_with_their_options(page: str) -> None:
    prose = FENCE.sub("", text_of(page))
    for told in re.findall(r"`(?:\.venv/bin/)?cinelake ([a-z][^`<]*)`", prose):
        name, *words = shlex.split(" ".join(told.split()).partition(" > ")[0], comments=True)
        assert name in COMMANDS, told
        known = {option for each in COMMANDS[name].params for option in (*each.opts, *each.secondary_opts)}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= {*known, "-", "--help"}, told


def test_no_claim_is_left_of_a_page_that_is_gone() -> None:
    assert {*WHOLE, *CONSOLES, *PARTS, *APART} <= set(PAGES)
    for page, parts in PARTS.items():
        for begin in parts:
            assert any(block.first.startswith(begin) for block in blocks_of(page)), f"{page}: {begin}"
