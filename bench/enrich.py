"""Asking TMDB against its peers, side by side in one run: requests a second and wall time, as ratios.

    make bench-enrich                             both works
    .venv/bin/python bench/enrich.py --rounds 1   a quick look

TMDB is the server of the tests, with 50 ms of latency: on the same machine, so it takes one of its cores. Half of the
titles are films, which take one request, half series, which take two. At a ceiling of 40 requests in any second only
cinelake is run, since no peer keeps to one; without a ceiling all are. cinelake reads the titles from the lake, keeps
to its rate, tries again, and lands every record with its checksum and manifest; the peers throw away what they got.

Requests a second are those between the first and the last that the server saw.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
PEERS_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"
SERVER = HERE.parent / "tests" / "tmdb_server.py"
HEADER = (
    "id|tituloPincipal|tituloOriginal|anoLancamento|tempoMinutos|genero|notaMedia|numeroVotos|generoArtista|"
    "personagem|nomeArtista|anoNascimento|anoFalecimento|profissao|titulosMaisConhecidos"
)
LATENCY_S = 0.05
CEILING = 40
AT_ONCE = 50
"""Of the bare loop, as of cinelake."""
BASE = "the bare loop"


@dataclass(frozen=True)
class Cost:
    """What one run took, as it saw it and as the server did."""

    wall_s: float
    requests: int
    refused: int
    per_s: float


@dataclass(frozen=True)
class Peer:
    """A program that asks TMDB for titles."""

    name: str
    command: Callable[[str], Sequence[str]]
    """From the server's address."""


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--titles", type=int, default=2000)
    parser.add_argument("--no-ceiling", action="store_true", help="leave the work with a ceiling out")
    given = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.freedesktop_os_release()['PRETTY_NAME']}"
    versions = f"Python {platform.python_version()}, cinelake {version('cinelake')}, aiohttp {version('aiohttp')}"
    print(f"{machine}, {versions}, loopback.\n")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        titles = write_project(project, given.titles)
        with serving(project / "tmdb.jsonl") as endpoint:
            if not given.no_ceiling:
                costs = [
                    measure(cinelake(project, CEILING, number), endpoint, titles, CEILING)
                    for number in range(given.rounds)
                ]
                tell_ceiling(costs, given.titles)
            tell_peers(measure_peers(project, endpoint, titles, given.rounds))


def measure_peers(project: Path, endpoint: str, titles: str, rounds: int) -> dict[str, list[Cost]]:
    """All of them without a ceiling, round by round."""
    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        peers = [
            Peer(BASE, lambda url: [sys.executable, str(HERE / "ask_with_aiohttp.py"), url, str(AT_ONCE)]),
            cinelake(project, 100_000, 100 + number),
        ]
        if number == 0:  # it takes minutes, and always the same
            peers.append(Peer("tmdbsimple", lambda url: [str(PEERS_PYTHON), str(HERE / "ask_with_tmdbsimple.py"), url]))
        for peer in peers:
            costs.setdefault(peer.name, []).append(measure(peer, endpoint, titles, None))
    return costs


def cinelake(project: Path, rate: float, number: int) -> Peer:
    """The program, on a lake that has the titles alone."""

    def command(url: str) -> list[str]:
        project.joinpath("lake.toml").write_text(
            '[[source]]\ndataset = "Movies"\npath = "movies.csv"\n[[source]]\ndataset = "Series"\npath = "series.csv"\n'
            f'[tmdb]\nbase_url = "{url}"\nrequests_per_second = {rate}\n'
        )
        common = ["--project", str(project), "--lake", f"file:{project}/lake-{number}", "--quiet"]
        subprocess.run([BIN / "cinelake", "land", *common], check=True, stdout=subprocess.DEVNULL)
        return [str(BIN / "cinelake"), "enrich", *common]

    return Peer("cinelake", command)


def measure(peer: Peer, endpoint: str, titles: str, ceiling: int | None) -> Cost:
    """Runs a program to its end, which must be a good one."""
    command = peer.command(endpoint)
    ask(endpoint, "_switches", json.dumps({"latency_s": LATENCY_S, "ceiling": ceiling}).encode())
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/_log", method="DELETE")).close()
    began = time.perf_counter()
    environment = {**os.environ, "TMDB_TOKEN": "any"}
    subprocess.run(command, input=titles, text=True, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - began
    log = ask(endpoint, "_log")
    statuses = Counter(status for _, status, _ in log)
    per_s = (len(log) - 1) / (max(at for _, _, at in log) - min(at for _, _, at in log))
    print(f"{peer.name}: {wall_s:.1f} s, {per_s:.0f} requests/s, {dict(statuses)}", file=sys.stderr)
    return Cost(wall_s, len(log), statuses[429], per_s)


def tell_ceiling(costs: Sequence[Cost], titles: int) -> None:
    """How close to the ceiling."""
    rate = statistics.median(cost.per_s for cost in costs)
    refused = max(cost.refused for cost in costs)
    print(f"At a ceiling of {CEILING} requests in any second, {titles:,} titles in {costs[0].requests:,} requests: "
          f"{rate / CEILING:.1%} of it, {refused} refused at most.\n")  # fmt: skip


def tell_peers(costs: dict[str, list[Cost]]) -> None:
    """Medians as multiples of the bare loop's, in Markdown."""
    print("| without a ceiling | requests/s, × | wall of the whole program, × |\n|---|---:|---:|")
    base = costs[BASE]
    for name, found in costs.items():
        rate, wall = (
            statistics.median(getattr(each, field) for each in found)
            / statistics.median(getattr(each, field) for each in base)
            for field in ("per_s", "wall_s")
        )
        print(f"| {name} | {rate:.2f} | {wall:.2f} |")


def write_project(project: Path, count: int) -> str:
    """Titles, half of them series, and records of all; returns the titles, a kind and an IMDb id a line."""
    films = [f"tt{91_000_000 + number}" for number in range(count - count // 2)]
    series = [f"tt{95_000_000 + number}" for number in range(count // 2)]
    unknown = "|".join([r"\N"] * 7)
    rows = [rf"{each}|x|x|2001|90|Drama|7.0|100|{unknown}" for each in films]
    project.joinpath("movies.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    rows = [rf"{each}|x|x|2001|\N|90|Drama|7.0|100|{unknown}" for each in series]
    header = HEADER.replace("anoLancamento|", "anoLancamento|anoTermino|")
    project.joinpath("series.csv").write_text("\n".join([header, *rows]) + "\n")
    records = [{"id": n, "imdb_id": each, "title": "x", "popularity": 1.5} for n, each in enumerate(films)]
    more = [{"id": n, "name": "x", "external_ids": {"imdb_id": each}} for n, each in enumerate(series)]
    project.joinpath("tmdb.jsonl").write_text("".join(json.dumps(each) + "\n" for each in [*records, *more]))
    return "".join([*(f"film {each}\n" for each in films), *(f"series {each}\n" for each in series)])


@contextmanager
def serving(records: Path) -> Iterator[str]:
    """The tests' TMDB, at work."""
    process = subprocess.Popen([sys.executable, str(SERVER), str(records)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def ask(endpoint: str, path: str, data: bytes | None = None) -> list[tuple[str, int, float]]:
    """The server's own pages."""
    with urllib.request.urlopen(f"{endpoint}/{path}", data) as response:
        told: list[tuple[str, int, float]] = json.load(response)
        return told


if __name__ == "__main__":
    main()
