"""One picture of a report, as SVG or PNG, without the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from PIL import Image

from core.enums import Grain
from core.errors import NotFound, UsageError
from models.database import Database
from reports.build import one_figure, report_folder
from reports.build.one_figure import draw_figure
from reports.data.run_data import Selection
from tests import report_stories as stories
from tests.command_kit import run_command
from tests.report_stories import Text

NAMES = ("covid-polarity", "covid-2021-03-cloud", "covid-shares", "picture-covid")
TEXTS = [
    Text("2021-03-01", f"Covid {' '.join(f'word{letter}' for letter in 'abcdefghijkl'[:n])}.")
    for n in range(1, 13)
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(stories.database(tmp_path)) as opened:
        stories.store(opened, TEXTS)
        stories.months_run(opened, "2021-02", "2021-03", ["covid"])
        yield opened


def picture_of(folder: Path, name: str) -> bytes:
    (path,) = (folder / "figures").glob(f"{name}-????????????.svg")
    return path.read_bytes()


def test_the_svg_is_that_of_the_report_and_no_other_picture_is_drawn(
    db: Database, tmp_path: Path
) -> None:
    report_folder.build(db, [1], tmp_path / "out", figure_files=True)
    scratch = tmp_path / "scratch"
    for name in NAMES:
        svg = draw_figure(db, 1, name, scratch, is_png=False)
        assert svg == picture_of(tmp_path / "out", name)

    assert not (scratch / "figures").exists()
    assert not list(scratch.glob("*.html*"))


def test_the_picture_has_the_periods_that_are_asked_for(db: Database, tmp_path: Path) -> None:
    report_folder.build(db, [1], tmp_path / "weeks", grain=Grain.WEEK, figure_files=True)
    scratch = tmp_path / "scratch"
    by_week = draw_figure(db, 1, "covid-shares", scratch, is_png=False, grain=Grain.WEEK)
    assert by_week == picture_of(tmp_path / "weeks", "covid-shares")
    assert by_week != draw_figure(db, 1, "covid-shares", scratch, is_png=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_png_is_drawn_of_each_kind_of_picture(db: Database, tmp_path: Path, name: str) -> None:
    png = draw_figure(db, 1, name, tmp_path / "scratch", is_png=True)
    picture = Image.open(BytesIO(png))
    assert (picture.format, picture.width) == ("PNG", 1440 if name == "picture-covid" else 1050)
    shades = np.asarray(picture.convert("L"))
    assert (shades[0, 0], shades.min() < 100) == (255, True)


def test_a_figure_that_the_report_has_not_is_not_found(db: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as raised:
        draw_figure(db, 1, "covid-share", tmp_path / "scratch", is_png=False)

    sentence, names = str(raised.value).split(" are ")
    assert sentence == "the report of run 1 has no figure covid-share: the nearest of its 8"
    assert names.split(", ")[0] == "covid-shares"
    assert "shares" in names

    selection = Selection(without=("no such text",))
    with pytest.raises(UsageError, match="no repeated text of run 1 is like it"):
        draw_figure(db, 1, "shares", tmp_path / "s", is_png=False, selection=selection)


def test_the_error_names_a_few_figures_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_figure, "MOST_NAMED", 3)
    with closing(stories.database(tmp_path)) as db:
        stories.store(db, [Text(f"2020-{month:02}-01", "Covid Comes.") for month in range(1, 13)])
        stories.months_run(db, "2020-01", "2020-12", ["covid"])
        with pytest.raises(NotFound) as raised:
            draw_figure(db, 1, "covid-2020-polarity", tmp_path / "scratch", is_png=False)

    assert len(str(raised.value).split(", ")) == 3


def run_figure(db: Database, *arguments: object) -> CompletedProcess[str]:
    variables = {"TIDINGS_DATABASE_URL": db.url}
    return run_command("figure", *arguments, variables=variables)


def test_the_command_writes_the_file_and_prints_its_path(db: Database, tmp_path: Path) -> None:
    svg, png = tmp_path / "share.svg", tmp_path / "share.PNG"
    for path in (svg, png):
        result = run_figure(db, 1, "shares", "--out", path)
        assert (result.returncode, result.stdout) == (0, f"{path}\n")

    assert b"<svg" in svg.read_bytes()
    assert png.read_bytes().startswith(b"\x89PNG")


def test_the_command_says_in_a_line_what_is_wrong(db: Database, tmp_path: Path) -> None:
    result = run_figure(db, 1, "share", "--out", tmp_path / "share.svg")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(
        "tidings: the report of run 1 has no figure share: the nearest of its 8 are shares, "
    )
    result = run_figure(db, 1, "shares", "--out", "share.jpg")
    assert (result.returncode, result.stderr) == (
        2,
        "tidings: --out share.jpg: end the file in .svg or .png\n",
    )
    assert run_figure(db, 1, "shares").returncode == 2
    assert not list(tmp_path.glob("share.*"))
