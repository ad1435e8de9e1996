"""Making the tables against its peers, side by side in one run: wall time, CPU time and peak memory, as ratios.

    make bench-build                                                 all of it, which takes an hour or more, and 20 GB
    .venv/bin/python bench/build.py --rounds 1 --works originals     a quick look

The data is invented (`cinelake.sample`), as large as the original files, ten times that, and of any number of rows. It
is landed in a lake in a folder and a snapshot of TMDB's records is enriched from, once; this is not measured, and stays
below the system's temporary folder for the next time. Then each program is run as a user would run it, whole, start
included, in interleaved rounds: `cinelake build`, and scripts that people write by hand for the same job. They read
what was landed and write the same tables as Parquet; their tables are held against cinelake's, and any difference ends
the benchmark.
"""

import argparse
import compileall
import csv
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from land import BASE, BIN, HERE, Cost, machine, run, table

PEERS_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"
SAMPLE = HERE.parent / "src" / "cinelake" / "sample.py"
CACHE = Path(tempfile.gettempdir()) / "cinelake-bench-build"
ORIGINALS, TEN, AGAIN, CURVE = WORKS = ("originals", "ten", "again", "curve")
FILMS, SERIES = 244_500, 93_000
"""As many as give the original files' rows."""
ROWS_A_TITLE = 4.4
MOST_SERIES = 1_000_000
"""The sample has no ids for more."""
TOLD_OTHERWISE = 1000
"""Rows that are added to each file: they tell of titles otherwise than the first ones, so that this is found."""
VOTES = "numeroVotos"
PREPARE = """
import sys
from cinelake.cli import main
from cinelake.enrich.snapshot import Snapshot
Snapshot.batch_titles = sys.maxsize
sys.exit(main())
"""
"""The program, which lands all of a snapshot's records in one batch: of more than a million titles it would begin a
second one, whose manifest has the first one's key."""
DUCKDB, POLARS, PANDAS, SPARK = "DuckDB script", "Polars script", "pandas script", "PySpark script, local[2]"
SCRIPTS = {
    DUCKDB: ("duckdb", "build_with_duckdb.py"),
    POLARS: ("polars", "build_with_polars.py"),
    PANDAS: ("pandas", "build_with_pandas.py"),
    SPARK: ("pyspark", "build_with_pyspark.py"),
}
"""The package and the file of each."""
LARGE = (BASE, DUCKDB, POLARS)
"""Those that are run on ten times the rows, if none is asked for: the others take minutes, or all the memory."""
LARGEST = (BASE, DUCKDB)
"""Those of the curve."""
SUMS = {
    "titles": (
        "SUM(votes), SUM(rating), SUM(start_year), SUM(end_year), SUM(runtime_minutes), SUM(LEN(genres)), "
        "SUM(variants), SUM(LENGTH(title)), SUM(LENGTH(original_title)), COUNT(DISTINCT source_key)"
    ),
    "credits": (
        "SUM(row_number), SUM(birth_year), SUM(death_year), SUM(LENGTH(artist)), SUM(LENGTH(category)), "
        "SUM(LENGTH(character)), SUM(LENGTH(professions)), SUM(LENGTH(known_for)), COUNT(DISTINCT source_key)"
    ),
    "tmdb": (
        "SUM(tmdb_id), SUM(popularity::DECIMAL(24, 6)), SUM(budget), SUM(revenue), COUNT(asked_at), COUNT_IF(kind = "
        "'film'), COUNT(DISTINCT source_key)"
    ),
    "contradictions": "SUM(votes), SUM(rating), SUM(rows), SUM(row_number), SUM(LENGTH(genres)), SUM(end_year)",
    "bridge_title_genre": "SUM(LENGTH(genre)), COUNT(DISTINCT genre), COUNT_IF(kind = 'film')",
    "dim_genre": "SUM(LENGTH(genre))",
    "dim_title": "SUM(year), SUM(end_year), SUM(runtime_minutes), SUM(LENGTH(title)), SUM(LENGTH(original_title))",
    "fact_title": (
        "SUM(votes), SUM(rating), COUNT_IF(in_tmdb), SUM(popularity::DECIMAL(24, 6)), SUM(budget), SUM(revenue), "
        "SUM(roi::DECIMAL(18, 6))"
    ),
}
"""What the tables of all must have in common, beside columns and the number of rows."""

Described = dict[str, tuple[object, ...]]
"""Columns, rows and sums of each table."""
Costs = dict[tuple[str, str], list[Cost]]
"""By work and peer."""


@dataclass(frozen=True)
class Size:
    """How much is built from."""

    name: str
    films: int
    series: int


ORIGINAL_SIZE = Size("1.5 M rows, as the originals", FILMS, SERIES)
TEN_TIMES = Size("15 M rows, ten times that", 10 * FILMS, 10 * SERIES)


def main() -> None:
    """Runs the benchmark and prints its tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="PEER", help="run only peers whose name holds one, and cinelake")
    parser.add_argument("--works", nargs="+", choices=WORKS, default=WORKS)
    parser.add_argument("--sizes", default="1,3,10,30", help="of the curve, in millions of rows")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    given = parser.parse_args()
    # As pip does for whatever it installs; cinelake is run from where it lies.
    compileall.compile_dir(HERE.parent / "src", quiet=1)
    versions = [f"{BASE} {version('cinelake')}", *(f"{package} {locked(package)}" for package, _ in SCRIPTS.values())]
    print(f"{machine().removesuffix(', loopback.')}, {', '.join(versions)}.\n", flush=True)
    costs: Costs = {}
    for work in given.works:
        if work == ORIGINALS:
            told = measure(ORIGINAL_SIZE, peers_of(given.only, (BASE, *SCRIPTS)), given.rounds)
            print(table("Building tables", told), bounds(ORIGINAL_SIZE, told), sep="\n", flush=True)
        elif work == TEN:
            told = measure(TEN_TIMES, peers_of(given.only, LARGE), given.rounds)
            print(table("Building tables of ten times the rows", told), bounds(TEN_TIMES, told), sep="\n", flush=True)
        elif work == AGAIN:
            told = measure_again(ORIGINAL_SIZE, given.rounds)
            print(table_of_again(told), flush=True)
        else:
            sizes = [size_of(float(number)) for number in given.sizes.split(",")]
            told = {}
            for size in sizes:
                told |= measure(size, peers_of(given.only, LARGEST), given.rounds)
            print(table_of_curve(sizes, told), flush=True)
        costs |= told
    if given.json:
        figures = [
            {"work": work, "peer": peer, **vars(cost)} for (work, peer), found in costs.items() for cost in found
        ]
        given.json.write_text(json.dumps(figures, indent=1))


def peers_of(only: Sequence[str] | None, default: Sequence[str]) -> list[str]:
    """cinelake, and the peers that are asked for, or else those that a work is meant for."""
    if only is None:
        return list(default)
    return [BASE, *(peer for peer in SCRIPTS if any(each.lower() in peer.lower() for each in only))]


def size_of(millions: float) -> Size:
    """About as many rows, in the originals' proportion of films and series as far as there are ids."""
    titles = millions * 1e6 / ROWS_A_TITLE
    series = min(round(titles * SERIES / (FILMS + SERIES)), MOST_SERIES)
    return Size(f"{millions:g} M rows", round(titles) - series, series)


def measure(size: Size, peers: Sequence[str], rounds: int) -> Costs:
    """Runs every peer, round by round."""
    project = prepare(size)
    costs: Costs = {}
    expected: Described = {}
    for number in range(rounds):
        for peer in peers:
            remove_tables(project)
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="tables-") as folder:
                costs.setdefault((size.name, peer), []).append(measure_one(command(peer, project, folder), peer, size))
                if number == 0:
                    found = elsewhere(project / "lake" if peer == BASE else Path(folder))
                    expected = expected or found
                    demand_same(peer, found, expected)
    remove_tables(project)
    return costs


def measure_again(size: Size, rounds: int) -> Costs:
    """Builds once, then builds again, when nothing has changed; beside it, the program's start alone."""
    project = prepare(size)
    remove_tables(project)
    commands = {"unchanged": command(BASE, project, ""), "--version": [str(BIN / "cinelake"), "--version"]}
    run(commands["unchanged"], dict(os.environ))
    costs: Costs = {}
    for _ in range(rounds):
        for name, each in commands.items():
            costs.setdefault((AGAIN, name), []).append(measure_one(each, name, size))
    remove_tables(project)
    return costs


def measure_one(command: Sequence[str], name: str, size: Size) -> Cost:
    """Runs a program, while the disk has nothing else to do for us."""
    os.sync()
    cost = run(command, dict(os.environ))
    print(f"{size.name} · {name}: {cost.wall_s:.2f} s, CPU {cost.cpu_s:.2f} s, {cost.peak_mb:.0f} MB", file=sys.stderr)
    return cost


def command(peer: str, project: Path, folder: str) -> list[str]:
    """How a peer is run on a project; the folder is for the tables of those that have no lake."""
    if peer == BASE:
        return [str(BIN / "cinelake"), "build", "--project", str(project), "--quiet"]
    return [str(PEERS_PYTHON), str(HERE / SCRIPTS[peer][1]), str(project / "lake"), folder]


def prepare(size: Size) -> Path:
    """A project folder whose lake has the data; made where it is not there yet, or not whole."""
    made_by = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()[:8]
    project = CACHE / f"{size.films}-{size.series}-{made_by}"
    ready = project / "ready"
    if ready.exists():
        return project
    print(f"{size.name}: preparing {project}, once", file=sys.stderr)
    if not project.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="new-") as name:
            write_project(Path(name) / "project", size)
            Path(name, "project").rename(project)
    for stage in ("land", "enrich"):
        start([sys.executable, "-c", PREPARE, stage, "--project", str(project), "--quiet"])
    for path in (*project.glob("*.csv"), project / "tmdb.jsonl"):  # they lie in the lake now
        path.unlink()
    ready.touch()
    return project


def write_project(folder: Path, size: Size) -> None:
    """A project with its files, of which nothing is landed."""
    start(
        [sys.executable, "-m", "cinelake.sample", str(folder), "--films", str(size.films), "--series", str(size.series)]
    )
    files = {"Movies": folder / "movies.csv", "Series": folder / "series.csv"}
    for path in files.values():
        tell_otherwise(path)
    sources = [f'[[source]]\ndataset = "{dataset}"\npath = "{path.name}"\n' for dataset, path in files.items()]
    settings = '[lake]\nuri = "file:lake"\n[tmdb]\nsource = "snapshot"\nsnapshot = "tmdb.jsonl"\n'
    folder.joinpath("lake.toml").write_text("".join([settings, *sources]))


def tell_otherwise(path: Path) -> None:
    """Adds the first rows again, with another number of votes."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = islice(csv.reader(file, delimiter="|"), TOLD_OTHERWISE + 1)
    votes = header.index(VOTES)
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="|", lineterminator="\n")
        writer.writerows([*row[:votes], int(row[votes]) + 1, *row[votes + 1 :]] for row in rows)


def start(command: Sequence[str]) -> None:
    """Runs what is not measured."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def remove_tables(project: Path) -> None:
    """Takes a lake back to what it was before `build`."""
    for name in ("Trusted", "Refined", "_manifests/build"):
        shutil.rmtree(project / "lake" / name, ignore_errors=True)


def elsewhere(folder: Path) -> Described:
    """`describe` in a process of its own: DuckDB makes it large, and a program's peak memory starts at its parent's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(describe, folder).result()


def describe(folder: Path) -> Described:
    """What is compared of the tables in a lake, or in a folder that has one file or folder a table."""
    import duckdb

    described: Described = {}
    for name, sums in SUMS.items():
        found = [*folder.glob(f"*/**/Parquet/{name}/**/*.parquet"), *folder.glob(f"{name}.parquet")]
        files = [str(file) for path in found for file in (path.glob("*.parquet") if path.is_dir() else [path])]
        if not files:
            sys.exit(f"{folder} has no table {name}")
        rows = duckdb.read_parquet(files)
        columns = " ".join(f"{column} {type_}" for column, type_ in zip(rows.columns, rows.types, strict=True))
        described[name] = (columns, *rows.aggregate(f"COUNT(*), {sums}").fetchall()[0])
    return described


def demand_same(peer: str, found: Described, expected: Described) -> None:
    """Ends the benchmark where a peer has made other tables than cinelake."""
    for name, told in expected.items():
        if found[name] != told:
            sums = f"columns, COUNT(*), {SUMS[name]}"
            sys.exit(f"{peer} made another {name}\n{sums}\n{peer}: {found[name]}\n{BASE}: {told}")


def locked(package: str) -> str:
    """The version of a peer."""
    lines = HERE.parent.joinpath("requirements", "bench.txt").read_text()
    found = re.search(rf"^{package}==(\S+)", lines, re.MULTILINE)
    return found[1] if found else "?"


def median(costs: Costs, work: str, peer: str, field: str) -> float:
    figures: list[float] = [getattr(each, field) for each in costs[work, peer]]
    return statistics.median(figures)


def bounds(size: Size, costs: Costs) -> str:
    """What cinelake is held to, and what it makes."""
    most = {DUCKDB: 1.5, PANDAS: 0.4} if size == ORIGINAL_SIZE else {DUCKDB: 1.25}
    wall = median(costs, size.name, BASE, "wall_s")
    told = [
        f"{wall / median(costs, size.name, peer, 'wall_s'):.2f} times the wall time of the {peer} (at most {ratio})"
        for peer, ratio in most.items()
        if (size.name, peer) in costs
    ]
    peak = f"a peak of {median(costs, size.name, BASE, 'peak_mb'):.0f} MB"
    return f"cinelake takes {', '.join([*told, peak])}.\n"


def table_of_again(costs: Costs) -> str:
    """Medians in seconds, in Markdown: what is measured is whether one waits at all."""
    lines = [
        "### Building again, nothing changed",
        "",
        "| cinelake | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|",
    ]
    for work, name in costs:
        wall, cpu, peak = (median(costs, work, name, field) for field in ("wall_s", "cpu_s", "peak_mb"))
        lines.append(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} |")
    return "\n".join([*lines, ""])


def table_of_curve(sizes: Sequence[Size], costs: Costs) -> str:
    """Medians as multiples of the same program's at the first size, in Markdown; a row's cost falls or stays."""
    first = sizes[0].name
    lines = ["### Cost against rows", ""]
    for peer in dict.fromkeys(peer for _, peer in costs):
        lines += [
            f"| {peer} | wall, × | CPU, × | wall of a row, × | CPU of a row, × | peak MB |",
            "|---|" + "---:|" * 5,
        ]
        for size in sizes:
            more = (size.films + size.series) / (sizes[0].films + sizes[0].series)
            wall, cpu = (
                median(costs, size.name, peer, field) / median(costs, first, peer, field)
                for field in ("wall_s", "cpu_s")
            )
            peak = median(costs, size.name, peer, "peak_mb")
            lines.append(
                f"| {size.name} | {wall:.2f} | {cpu:.2f} | {wall / more:.2f} | {cpu / more:.2f} | {peak:.0f} |"
            )
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
