"""An enrichment that is killed at any moment has lost little, and the next one asks for exactly the rest."""

import os
import random
import subprocess
import time

import pytest

from projects import DATE, PROGRAM, ProjectFolder
from tables import build, land, rows_of
from tmdb import ask_tmdb, asking, ids_of, point_at, records_of, serving, write_titles

KILLS = 50
TITLES = 3_000
LOST = 100
"""Titles that a kill may cause to be asked again, at most."""


@pytest.mark.timeout(600)
def test_after_every_kill_the_next_run_asks_for_the_rest(folder: ProjectFolder) -> None:
    records = write_titles(folder, films=TITLES * 2 // 3, series=TITLES // 3)
    with serving(folder.path / "tmdb.jsonl", "--latency", "0.02") as server:
        point_at(folder, server, rate=1_000)
        land(folder)
        place = asking(folder)
        moments = random.Random(11)
        killed = 0
        while killed < KILLS:
            command = [PROGRAM, "enrich", "--date", DATE, "--lake", place.uri, "--quiet"]
            asked = len(server.counts())
            process = subprocess.Popen(command, cwd=folder.path, env={**os.environ, **place.variables})
            while len(server.counts()) == asked and process.poll() is None:
                time.sleep(0.01)
            try:
                process.wait(moments.uniform(0, 0.15))
                assert process.returncode == 0
                break  # nothing is left to be asked
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            held = ids_of(records_of(folder))
            assert held == sorted(set(held))
        ask_tmdb(folder)
        again = sum(count - 1 for path, count in server.counts().items() if "/tv/" not in path)
    assert killed == KILLS
    assert again <= LOST * KILLS
    assert ids_of(records_of(folder)) == ids_of(records)
    assert len(rows_of(folder, build(folder), "trusted.tmdb")) == TITLES
