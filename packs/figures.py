"""The figures of a pack: those of its run's report, drawn by the same code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from itertools import count
from pathlib import Path

from core.errors import BadInput
from packs import contents
from packs.contents import NO_TEXTS, PackedRun
from packs.derived import installed_versions
from reports.build.report_folder import build
from reports.data.coded_samples import read_coded_samples
from reports.data.run_data import RunData
from reports.figures.figure_store import style_hash
from reports.pages.estimate_tables import figure_prefix
from reports.report_files import FIGURES, MANIFEST

_OTHER_STYLE = "other fonts, code or libraries than those here drew them"
_DRAWN_WITH = ("numpy", "scipy", "pillow", "wordcloud")


def draw_figures(
    run_data: RunData, folder: Path, scratch: Path, *, most: int | None = None
) -> None:
    """Draw the figures of the run's report, which is made in *scratch*.

    Raises `BadInput` as soon as there are more than *most*.
    """
    numbers = count(1)

    def check_number() -> None:
        if most is not None and next(numbers) > most:
            raise BadInput("far more figures follow from the pack than it has")

    build(run_data.db, [run_data.id], scratch, check=check_number, texts=False, figure_files=True)
    (folder / contents.FIGURES).mkdir()
    manifest = json.loads((scratch / MANIFEST).read_text(encoding="utf-8"))
    for file_name in manifest["files"]:
        if file_name.startswith(f"{FIGURES}/"):
            shutil.copyfile(scratch / file_name, folder / contents.FIGURES / Path(file_name).name)


def why_not_drawn(run: PackedRun, run_data: RunData) -> str | None:
    """Return why the figures of a pack over documents are not drawn again; None if they are."""
    if run_data.selection and not run.texts:
        return NO_TEXTS

    versions = installed_versions()
    is_equal = all(run.versions.get(library) == versions[library] for library in _DRAWN_WITH)
    return None if is_equal and run.figure_style == style_hash() else _OTHER_STYLE


def without_estimates(run_data: RunData, file_names: Collection[str]) -> set[str]:
    """Return those files of figures that show no estimate from a sample."""
    prefixes = tuple(
        f"{contents.FIGURES}/{figure_prefix(sample)}" for sample in read_coded_samples(run_data)
    )
    return {file_name for file_name in file_names if not file_name.startswith(prefixes)}
