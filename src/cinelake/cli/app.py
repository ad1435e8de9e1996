"""The commands. Each parses, calls one stage and shows its result; what is heavy is imported inside."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

from cinelake.cli import completion
from cinelake.cli.streams import reader_may_leave


def examples(*commands: str) -> str:
    """What stands below the help of a command, a line each; a test runs every one of them."""
    return "\n\n".join(("Examples:", *commands))


app = typer.Typer(
    name="cinelake",
    help="From two CSV files to a data lake you own, with questions about films and series answered and proved.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a stage failed, 2 wrong use or configuration, 3 the data broke its contract, "
    "4 credentials or permission, 5 a service could not be reached, 130 interrupted.",
)

ProjectOption = Annotated[
    Path, typer.Option("--project", help="The project folder, which holds lake.toml.", metavar="DIR")
]
LakeOption = Annotated[
    str | None, typer.Option("--lake", help="Use this lake: file:FOLDER or s3://BUCKET.", metavar="URI")
]
DateOption = Annotated[
    str | None,
    typer.Option("--date", help="Processing date; today in the lake's time zone if left out.", metavar="YYYY-MM-DD"),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--date", help="Use the newest build of this date or earlier.", metavar="YYYY-MM-DD"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")]
ReplaceOption = Annotated[
    bool,
    typer.Option("--replace", help="Replace a changed file of the same date, even in a bucket without versions."),
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", help="Land only one of N workers' shares: 1/4 to 4/4 (or 0/4 to 3/4).", metavar="I/N"),
]
AfterShardsOption = Annotated[
    bool, typer.Option("--after-shards", help="Land nothing: go on once others (land --shard) have landed every file.")
]
NoCreateOption = Annotated[
    bool, typer.Option("--no-create-bucket", help="Fail where the lake is not there, rather than make it.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Write the report to this file, charts to this folder.", metavar="PATH")
]
QuestionsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[QUESTION]...", help="All but the examples, if left out.", autocompletion=completion.questions
    ),
]
LangOption = Annotated[
    Literal["en", "pt"] | None, typer.Option("--lang", help="Tell the answers in English or in Portuguese.")
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="Run the SQL with duckdb, on this machine, or spark.",
        metavar="NAME",
        autocompletion=completion.engines,
    ),
]
RemoteOption = Annotated[
    str | None, typer.Option("--remote", help="Use this Spark Connect server: sc://HOST:PORT.", metavar="URI")
]
VerboseOption = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, help="Say every step, and its time; twice: tracebacks too.", show_default=False
    ),
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing on the way.")]

HERE = Path()


@app.callback(invoke_without_command=True)
def version_option(
    show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """From two CSV files to a data lake you own, with questions about films and series answered and proved."""
    if show:
        typer.echo(f"cinelake {version('cinelake')}")
        raise typer.Exit


@app.command(epilog=examples("cinelake run", "cinelake run --project my-lake --date 2022-05-02"))
def run(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: DateOption = None,
    replace: ReplaceOption = False,
    after_shards: AfterShardsOption = False,
    no_create: NoCreateOption = False,
    output: OutputOption = None,
    lang: LangOption = None,
    dry_run: DryRunOption = False,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """All stages: land, enrich, build, ask, report."""
    from cinelake.cli.session import Session
    from cinelake.land import LandOptions
    from cinelake.pipeline import RunOptions, run_pipeline
    from cinelake.report import ReportOptions

    with Session(
        project, lake, date, json=json, quiet=quiet, verbose=verbose, dry_run=dry_run, engine=engine, remote=remote
    ) as session:
        landing = LandOptions(replace=replace, create_lake=not no_create)
        options = RunOptions(dry_run, landing, after_shards, ReportOptions(output, lang))
        result = run_pipeline(session.project, session.lake, session.run, options, session.on_event)
        session.show_run(result, lang)


@app.command(epilog=examples("cinelake land --dry-run", "cinelake land --lake s3://my-lake --date 2022-05-02"))
def land(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: DateOption = None,
    replace: ReplaceOption = False,
    shard: ShardOption = None,
    no_create: NoCreateOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Files to Raw, whole and unchanged."""
    from cinelake.cli.session import Session
    from cinelake.land import LandOptions, Shard, land_files

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose, dry_run=dry_run) as session:
        share = Shard.parse(shard) if shard is not None else None
        options = LandOptions(dry_run=dry_run, replace=replace, shard=share, create_lake=not no_create)
        session.show(land_files(session.project, session.lake, session.run, options, session.on_event))


@app.command(epilog=examples("cinelake enrich --plan", "cinelake enrich --limit 100"))
def enrich(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: DateOption = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say how many requests it takes, and how long.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Look up so many titles at most.")] = None,
    max_requests: Annotated[
        int | None, typer.Option("--max-requests", min=3, help="Make so many requests at most.")
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option("--max-seconds", min=1, help="Ask TMDB for so long at most."),
    ] = None,
    dry_run: DryRunOption = False,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Titles to TMDB's records, to Raw."""
    from cinelake.cli.session import Session
    from cinelake.enrich import EnrichOptions, enrich_titles

    with Session(
        project,
        lake,
        date,
        json=json,
        quiet=quiet,
        verbose=verbose,
        dry_run=dry_run or plan,
        engine=engine,
        remote=remote,
    ) as session:
        options = EnrichOptions(dry_run or plan, limit, max_requests, max_seconds)
        session.show(enrich_titles(session.project, session.lake, session.run, options, session.on_event))


@app.command(epilog=examples("cinelake build", "cinelake build --date 2022-05-02 --dry-run"))
def build(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: DateOption = None,
    dry_run: DryRunOption = False,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Raw to Trusted to Refined, by running the models."""
    from cinelake.build import BuildOptions, build_tables
    from cinelake.cli.session import Session

    with Session(
        project, lake, date, json=json, quiet=quiet, verbose=verbose, dry_run=dry_run, engine=engine, remote=remote
    ) as session:
        options = BuildOptions(dry_run=dry_run)
        session.show(build_tables(session.project, session.lake, session.run, options, session.on_event))


@app.command(epilog=examples("cinelake ask films-vs-series", "cinelake ask films-vs-series --csv > answer.csv"))
def ask(
    questions: QuestionsArgument = None,
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: UntilOption = None,
    lang: LangOption = None,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print one question's rows as CSV.")] = False,
    table: Annotated[
        str | None, typer.Option("--table", help="Of --csv: another of the question's tables.", metavar="NAME")
    ] = None,
    markdown: Annotated[bool, typer.Option("--md", help="Print the answers as Markdown.")] = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Answers, as a table, JSON, CSV or Markdown."""
    from cinelake.ask import AskOptions, ask_questions
    from cinelake.cli.session import Session

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose, engine=engine, remote=remote) as session:
        form = session.one_form(json=json, csv=csv, md=markdown)
        options = AskOptions(tuple(questions or ()), until=session.until)
        result = ask_questions(session.project, session.lake, session.run, options, session.on_event)
        session.show_answers(result, form, lang, table)


@app.command(epilog=examples("cinelake report --open", "cinelake report films-vs-series --format png --output charts"))
def report(
    questions: QuestionsArgument = None,
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: UntilOption = None,
    output: OutputOption = None,
    lang: LangOption = None,
    form: Annotated[
        Literal["html", "png", "svg"], typer.Option("--format", help="The page, or its charts alone, as files.")
    ] = "html",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """One HTML file with the answers, their charts and where they come from."""
    from cinelake.cli.session import Session
    from cinelake.pipeline import ask_and_report
    from cinelake.report import ReportOptions

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose, engine=engine, remote=remote) as session:
        result = ask_and_report(
            session.project,
            session.lake,
            session.run,
            questions=questions or (),
            until=session.until,
            options=ReportOptions(output, lang, form),
            on_event=session.on_event,
        )
        session.show(result)
    if open_it:
        typer.launch(result.path.as_uri())


@app.command(epilog=examples("cinelake verify", "cinelake verify --deep --md > evidence.md"))
def verify(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: UntilOption = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte of a bucket's objects again.")] = False,
    engine: EngineOption = None,
    remote: RemoteOption = None,
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--md", help="Print Markdown fit to hand in.")] = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Evidence: lake, settings, keys, bytes, counts, sources, answers."""
    from cinelake.cli.session import Session
    from cinelake.verify import VerifyOptions, verify_lake

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose, engine=engine, remote=remote) as session:
        form = session.one_form(json=json, csv=False, md=markdown)
        options = VerifyOptions(session.until, deep)
        result = verify_lake(session.project, session.lake, session.run, options, session.on_event)
        session.show_evidence(result, form)
    if result.status == "failed":
        raise typer.Exit(1)


@app.command(epilog=examples("cinelake ls", "cinelake ls Refined --dataset fact_title"))
def ls(
    layer: Annotated[
        str | None,
        typer.Argument(
            metavar="[LAYER]", help="Raw, Trusted or Refined; all, if left out.", autocompletion=completion.layers
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", help="Only this dataset or table.", metavar="NAME", autocompletion=completion.datasets
        ),
    ] = None,
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: Annotated[
        str | None, typer.Option("--date", help="Only what has this processing date.", metavar="YYYY-MM-DD")
    ] = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """What is in the lake, by layer, dataset and date."""
    from cinelake.cli.session import Session
    from cinelake.survey import SurveyOptions, survey_lake

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose) as session:
        options = SurveyOptions(layer, dataset, session.until)
        session.show_contents(survey_lake(session.project, session.lake, session.run, options, session.on_event))


@app.command(epilog=examples("cinelake sql", "cinelake sql 'SELECT kind, COUNT(*) FROM titles GROUP BY kind'"))
def sql(
    query: Annotated[
        str | None,
        typer.Argument(metavar="[QUERY]", help="One SELECT; - reads it from stdin. The tables are listed without one."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the query from this file.", metavar="FILE")] = None,
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    date: UntilOption = None,
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="Tell so many rows at most.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every row; a table has 50 otherwise.")] = False,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", help="Write the rows to this Parquet file.", metavar="FILE")
    ] = None,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Any query over the lake's tables, as a table, JSON, CSV or a Parquet file."""
    from cinelake.cli.queries import read_query, rows_wanted
    from cinelake.cli.session import Session
    from cinelake.query import QueryOptions, TellingOptions, query_tables, tell_tables

    with Session(project, lake, date, json=json, quiet=quiet, verbose=verbose) as session:
        form = session.one_form(json=json, csv=csv)
        text = read_query(query, file)
        if text is None:
            telling = TellingOptions(session.until)
            session.show_tables(tell_tables(session.project, session.lake, session.run, telling, session.on_event))
            return
        rows = rows_wanted(form, limit=limit, every=every, to_file=parquet is not None)
        options = QueryOptions(text, session.until, rows, parquet)
        result = query_tables(session.project, session.lake, session.run, options, session.on_event)
        session.show_query(result, form)


@app.command(epilog=examples("cinelake expire --dry-run", "cinelake expire --builds"))
def expire(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    builds: Annotated[
        bool, typer.Option("--builds", help="Remove tables that a later build of their date superseded.")
    ] = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """TMDB's records that are older than 180 days leave the lake, as TMDB's terms ask; or superseded builds."""
    from cinelake.cli.session import Session

    with Session(project, lake, None, json=json, quiet=quiet, verbose=verbose, dry_run=dry_run) as session:
        if builds:
            from cinelake.build import ExpireBuildsOptions, expire_builds

            superseded = ExpireBuildsOptions(dry_run=dry_run)
            session.show(expire_builds(session.project, session.lake, session.run, superseded, session.on_event))
            return
        from cinelake.enrich import ExpireOptions, expire_records

        options = ExpireOptions(dry_run=dry_run)
        session.show(expire_records(session.project, session.lake, session.run, options, session.on_event))


@app.command(
    epilog=examples(
        "cinelake catalog --lake s3://my-lake --dry-run", "cinelake catalog --lake s3://my-lake --database films"
    )
)
def catalog(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    database: Annotated[
        str, typer.Option("--database", help="The Glue database; made where it is not there.", metavar="NAME")
    ] = "cinelake",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """Tables to the AWS Glue Data Catalog, where Athena and QuickSight find them."""
    from cinelake.catalog import CatalogOptions, register_tables
    from cinelake.cli.session import Session

    with Session(project, lake, None, json=json, quiet=quiet, verbose=verbose, dry_run=dry_run) as session:
        options = CatalogOptions(dry_run=dry_run, database=database)
        session.show(register_tables(session.project, session.lake, session.run, options, session.on_event))


@app.command(epilog=examples("cinelake doctor", "cinelake doctor --lake s3://my-lake --policy > policy.json"))
def doctor(
    project: ProjectOption = HERE,
    lake: LakeOption = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print the least IAM policy for the lake's bucket, and nothing else.")
    ] = False,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """What is set up, what is missing, how to mend it."""
    from cinelake.cli import output
    from cinelake.cli.progress import Teller
    from cinelake.cli.streams import program_name
    from cinelake.doctor import examine, find_policy

    if policy and not json:
        with reader_may_leave():
            output.show_policy(find_policy(project, lake_uri=lake))
        return
    with Teller(quiet=quiet, verbose=verbose > 0) as teller:
        result = examine(project, lake_uri=lake, on_event=teller, program=program_name())
    with reader_may_leave():
        output.show_findings(result, as_json=json)
    if result.status == "failed":
        raise typer.Exit(1)


@app.command(epilog=examples("cinelake init my-lake", "cinelake init films --no-sample"))
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder, which may be there.")],
    lake: LakeOption = None,
    no_sample: Annotated[
        bool, typer.Option("--no-sample", help="Leave data/ empty, for files of your own; without them nothing runs.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """A new project folder, with an invented sample, that runs at once."""
    from cinelake.cli import output
    from cinelake.init import InitOptions, make_project

    made = make_project(directory, InitOptions(lake, with_sample=not no_sample))
    with reader_may_leave():
        output.show_project(made, as_json=json)


@app.command(
    epilog=examples(
        "cinelake fetch imdb --project films", "cinelake fetch imdb --project films --min-votes 100 --agree"
    )
)
def fetch(
    source: Annotated[  # noqa: ARG001 there is one so far
        Literal["imdb"], typer.Argument(metavar="imdb", help="IMDb's public datasets.")
    ],
    project: ProjectOption = HERE,
    agree: Annotated[
        bool, typer.Option("--agree", help="You agree to IMDb's terms; on a terminal you are asked otherwise.")
    ] = False,
    min_votes: Annotated[
        int, typer.Option("--min-votes", min=0, help="Leave out titles with fewer votes.", metavar="N")
    ] = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Replace files that no fetch has made.")] = False,
    base_url: Annotated[
        str | None,
        typer.Option("--from", envvar="CINELAKE_IMDB_URL", help="Take IMDb's files from this address.", metavar="URL"),
    ] = None,
    json: JsonOption = False,
    verbose: VerboseOption = 0,
    quiet: QuietOption = False,
) -> None:
    """IMDb's public datasets to the files of films and series that lake.toml names."""
    from cinelake.cli import output
    from cinelake.cli.progress import Teller
    from cinelake.cli.streams import agrees
    from cinelake.config import Project
    from cinelake.fetch import FetchOptions, fetch_imdb
    from cinelake.fetch.run import BASE_URL
    from cinelake.fetch.terms import IN_WORDS, URL

    settings = Project.load(project)
    agreed = agree or agrees(f"{IN_WORDS}: {URL}")
    options = FetchOptions(agreed, base_url or BASE_URL, min_votes, replace)
    with Teller(quiet=quiet, verbose=verbose > 0) as teller:
        result = fetch_imdb(settings, options, teller)
    with reader_may_leave():
        output.show_fetched(result, as_json=json)
