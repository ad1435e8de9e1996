"""What becomes of the rows that break their contract: none is lost, each is kept with its place and its reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake import DataError
from projects import MOVIES_HEADER, ProjectFolder
from tables import counts_of, film, land_and_build, read_bytes, read_lines, rejects_of


@pytest.mark.parametrize("rows_below", [100, 100_000])
def test_an_unclosed_quote_that_swallows_rows_stops_the_build_and_names_its_line(
    folder: ProjectFolder, rows_below: int
) -> None:
    below = [film(f"tt{number}") for number in range(3, 3 + rows_below)]
    with pytest.raises(DataError, match="line 3: a quote opens there") as raised:
        read_lines(folder, film("tt1"), film("tt2", tituloPincipal='"open'), *below)
    assert "RFC 4180" in raised.value.hint
    assert not folder.path.joinpath("lake/_manifests/build").exists()


@pytest.mark.parametrize("rows_between", [1, 100, 60_000])
@pytest.mark.parametrize("closing", ['"""Quoted"" title"', '"closes"|"and is too long"'])
def test_a_quote_that_closes_by_chance_far_below_stops_the_build_too(
    folder: ProjectFolder, rows_between: int, closing: str
) -> None:
    """Otherwise the rows between were one rejected row."""
    between = [film(f"tt{number}") for number in range(3, 3 + rows_between)]
    far = film(f"tt{3 + rows_between}", tituloPincipal=closing)
    with pytest.raises(DataError, match="line 3: a quote opens there") as raised:
        read_lines(folder, film("tt1"), film("tt2", tituloPincipal='"open'), *between, far, film("tt0"))
    assert "RFC 4180" in raised.value.hint


def test_the_text_of_a_reject_is_cut(folder: ProjectFolder) -> None:
    result = read_lines(folder, film("tt1", tituloPincipal="é" * 1000, notaMedia="x"), "x" * 1000)
    assert [len(row["text"]) for row in rejects_of(folder, result)] == [200, 200]


FAULTY = film("tt8", numeroVotos="-1")
UNSPLIT = "tt9|short"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([film("tt1", tituloPincipal='"a\nb\nc"')], id="quoted newlines"),
        pytest.param(["", film("tt1"), "", ""], id="blank lines"),
        pytest.param([film("tt0", notaMedia="x"), film("tt1")], id="a faulty row"),
        pytest.param(["tt0|unsplit", film("tt1")], id="an unsplit row"),
        pytest.param([film("tt1", tituloPincipal='"a\nb"'), "", "tt0|unsplit", film("tt0", notaMedia="x")], id="all"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_reject_has_its_own_line_and_text_after(folder: ProjectFolder, before: list[str], end: str) -> None:
    lines = [line.replace("\n", end) for line in [*before, FAULTY, film("tt2"), UNSPLIT, film("tt3"), FAULTY]]
    folder.write_csv("movies.csv", lines, end=end)
    result = land_and_build(folder)
    text = folder.path.joinpath("movies.csv").read_bytes().decode().replace("\r\n", "\n").split("\n")
    found = rejects_of(folder, result)
    assert [row["text"] for row in found if row["text"] in (FAULTY, UNSPLIT)] == [FAULTY, UNSPLIT, FAULTY]
    assert [text[row["line"] - 1] for row in found] == [row["text"] for row in found]
    assert [row["column"] for row in found[-3:]] == ["numeroVotos", None, "numeroVotos"]


def test_a_large_file_keeps_every_row_and_the_lines_of_its_rejects(folder: ProjectFolder) -> None:
    lines = [film(f"tt{number}", tituloPincipal="A title of the usual length") for number in range(200_000)]
    wrong = [7, 99_999, 199_999]
    for number in wrong:
        lines[number] = film(f"tt{number}", notaMedia="x")
    result = read_lines(folder, *lines)
    assert counts_of(result) == (200_000, 199_997, 3)
    assert [row["line"] for row in rejects_of(folder, result)] == [number + 2 for number in wrong]


def test_a_file_of_wrong_rows_alone_is_accounted_for(folder: ProjectFolder) -> None:
    result = read_lines(folder, *[f"{film(f'tt{number}')}|" for number in range(3_000)])
    assert counts_of(result) == (3_000, 0, 3_000)


QUOTED = st.text('ab"| \n', max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"')
PLAIN = st.text("ab \t\0é\u2028", max_size=6)
ANY_LINE = st.one_of(
    st.one_of(
        QUOTED,
        PLAIN,
        QUOTED.map(" {}".format),
        st.sampled_from(['  "a"', 'b "a"']),
        QUOTED.map("{} ".format),
    ).map(lambda text: film("tt1", tituloPincipal=text)),
    PLAIN.map(lambda text: film("tt6", tituloPincipal=f"{text}\udcff{text}")),
    PLAIN.map(lambda text: film("tt7", tituloPincipal=text, numeroVotos="1_000")),
    QUOTED.map(lambda text: film("tt2", tituloPincipal=text, numeroVotos="-1")),
    QUOTED.map(lambda text: film("tt3", tituloPincipal=text) + "|more"),
    QUOTED.map(lambda text: f"tt4|{text}"),
    st.sampled_from(['"a"b', 'a"b', '"a"b"c"', '"a""b"c']).map(lambda text: film("tt5", tituloPincipal=text)),
    st.just(""),
)


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(ANY_LINE, min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    start=st.sampled_from(["", "\ufeff", "{end}", "{end}{end}"]),
)
def test_wherever_a_reject_stands_its_line_begins_with_its_text(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, start: str
) -> None:
    folder = ProjectFolder(tmp_path_factory.mktemp("project"))
    folder.write_small()
    text = end.join([start.format(end=end) + MOVIES_HEADER, *(line.replace("\n", end) for line in lines), ""])
    result = read_bytes(folder, text.encode("utf-8", "surrogateescape"))
    text = text.replace("\udcff", "\ufffd")
    for row in rejects_of(folder, result):
        assert end.join(text.split(end)[row["line"] - 1 :]).startswith(row["text"])
    rows_in, rows_out, rejected = counts_of(result)
    assert rows_in == rows_out + rejected == sum(1 for line in lines if line)
