"""The charts of an answer, as SVG or PNG."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread
from typing import Any, Literal

import vl_convert

from cinelake.ask import Answer
from cinelake.ask.questions import FOLDER, WORDS
from cinelake.ask.sentences import Language
from cinelake.ask.words import BarChart, Chart, DistributionChart, PointChart, SpecChart
from cinelake.errors import ConfigurationError
from cinelake.report.charts.bars import draw_bars
from cinelake.report.charts.distribution import draw_distribution
from cinelake.report.charts.palette import COLORS
from cinelake.report.charts.points import draw_points
from cinelake.report.charts.spec import fill_spec
from cinelake.report.charts.svg import faults_of

D3_LOCALES: dict[Language, Literal["en-US", "pt-BR"]] = {"en": "en-US", "pt": "pt-BR"}
CONFIG: dict[str, Any] = {
    # The page tells a chart in words; a mark that is read out by itself is so in English, and trebles a drawing's size.
    "aria": False,
    # A reader's letters may be wider than those that room was left for.
    "padding": {"left": 24, "top": 5, "right": 24, "bottom": 5},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 13},
    "range": {"category": list(COLORS)},
}
CONTAINERS = re.compile(r' role="graphics-\w+" aria-roledescription="\w+ mark container"')
"""What Vega says in English of each of its groups, whatever it is configured to."""
IDS = re.compile(r' id="(\w+)"')
SHARPNESS = 2
"""Pixels of a PNG for each of the chart's."""


def start_drawing() -> None:
    """Starts what draws in a thread, which takes a third of a second: time to do other things meanwhile."""
    spec = {"data": {"values": []}, "mark": "point"}
    Thread(target=lambda: vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]), name="drawing", daemon=True).start()


@dataclass(frozen=True)
class Drawing:
    """One chart in one language, ready to be drawn."""

    name: str
    """Of the question, and its number there."""
    title: str
    spec: dict[str, Any]
    """Vega-Lite."""
    language: Language
    said_in: str
    """The file that tells of it, below `questions/`."""

    def svg(self) -> str:
        """As an SVG element, without a ground; its ids are its own on a page.

        Raises:
            ConfigurationError: it cannot be drawn, or would fetch something.
        """
        drawn = self._drawn("transparent")
        # Vega numbers them on and on, whatever it draws.
        for number, name in enumerate(dict.fromkeys(IDS.findall(drawn))):
            own = f"{self.name}-part-{number}"
            drawn = drawn.replace(f'id="{name}"', f'id="{own}"').replace(f"(#{name})", f"(#{own})")
        return drawn

    def png(self) -> bytes:
        """As a PNG image on white.

        Raises:
            ConfigurationError: see `svg`.
        """
        return bytes(vl_convert.svg_to_png(self._drawn("white"), scale=SHARPNESS))

    def _drawn(self, background: str) -> str:
        try:
            drawn = str(
                vl_convert.vegalite_to_svg(
                    {**self.spec, "background": background},
                    config=CONFIG,
                    format_locale=D3_LOCALES[self.language],
                    # A question may come from anybody: nothing is fetched for it.
                    allowed_base_urls=[],
                )
            )
        except ValueError as error:
            # The first line tells what was tried, the second what went wrong.
            told = [line.removeprefix("Error: ") for line in str(error).strip().splitlines()] or ["it is none"]
            own = "mend that chart's settings, or the SQL"
            raise ConfigurationError(
                f"{FOLDER}/{self.said_in} cannot be drawn by Vega-Lite: {told[:2][-1]}",
                own if self.said_in.endswith(WORDS) else "mend the specification",
            ) from error
        # Nor by who looks at it.
        fault = next(faults_of(drawn), None)
        if fault is not None:
            raise ConfigurationError(
                f"{FOLDER}/{self.said_in} has {fault} drawn: a chart may not fetch anything, nor lead anywhere",
                "let it draw marks in plain colours, without links and addresses",
            )
        return CONTAINERS.sub("", drawn)


def draw_charts(answer: Answer, language: Language) -> Iterator[Drawing]:
    """The charts of an answer in their order; those that have nothing to draw are left out."""
    for number, chart in enumerate(answer.words.charts, start=1):
        spec = _spec_of(chart, answer, language)
        if spec is not None:
            name = f"{answer.question}-{number}"
            said_in = f"{answer.question}/{chart.file if isinstance(chart, SpecChart) else WORDS}"
            yield Drawing(name, getattr(chart.title, language), spec, language, said_in)


def _spec_of(chart: Chart, answer: Answer, language: Language) -> dict[str, Any] | None:
    match chart:
        case SpecChart():
            return fill_spec(chart, answer, language)
        case PointChart():
            return draw_points(chart, answer, language)
        case BarChart():
            return draw_bars(chart, answer, language)
        case DistributionChart():
            return draw_distribution(chart, answer, language)
