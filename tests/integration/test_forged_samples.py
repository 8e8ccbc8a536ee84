"""Samples in packs that were forged: each forgery is refused, or what it changes is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import sqlalchemy as sql

from analysis.codebooks.codebook import Codebook
from analysis.codebooks.codebook_files import read_shipped
from analysis.codebooks.drawing import find_certain
from analysis.options import Keyword
from core.enums import SamplePeriod
from models.code_samples import store_look
from models.codes import CodeValue, Coding, find_stored_codebook, replace_codes
from models.documents import add_documents
from models.tables import SampleStratum
from packs.samples import find_seeds
from packs.verification import Verification
from producers.code_sample import draw_code_sample
from reports.data.run_data import load_run
from tests.integration.test_forged_packs import read
from tests.jobs_kit import Jobs
from tests.packs_kit import document, follow, forge, jobs_over_headlines, months, pack, verify
from tests.tiers import thorough_but

Lines = list[dict[str, Any]]

RELEVANCE = read_shipped("relevance")
TONE = Codebook.model_validate(
    {
        "name": "tone",
        "unit": "mention",
        "variables": [{"name": "glad", "question": "Is it glad?", "type": "yes-no"}],
    }
)
STEPS = ("keywords",)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def texts_of(month: str) -> Iterator[str]:
    """Yield texts with the keyword, some of them repeats, near misses and others."""
    for letter in LETTERS[:12]:
        yield f"Tide floods the harbour of port {letter} in {month}."
        yield f"Harbour closed, floods on {letter} street." if letter < "g" else f"Sun on {letter}."
        yield f"Quiet {letter} day, quiet {letter} night of {month}."
        yield f"Nothing new on {letter} hill in {month}."
    for number in range(6):
        yield f"Tide tables for {number} days."


@pytest.fixture(scope="module")
def coded(
    tmp_path_factory: pytest.TempPathFactory, _valkey: str, _sqlite_template: Path
) -> Iterator[tuple[Jobs, int]]:
    """A run with two samples that were coded, and where it is stored."""
    folder = tmp_path_factory.mktemp("coded")
    with jobs_over_headlines(folder, _valkey, _sqlite_template) as jobs:
        yield jobs, coded_run(jobs)


@pytest.fixture(scope="module")
def packs(coded: tuple[Jobs, int], tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, Path]:
    """The run as a pack with texts (True) and as one without."""
    folder = tmp_path_factory.mktemp("packs")
    return {
        True: pack(*coded, folder / "texts.zip", texts=True),
        False: pack(*coded, folder / "no-texts.zip"),
    }


def coded_run(jobs: Jobs) -> int:
    """Return a run of two months, with a sample of documents and one of mentions, both coded."""
    for month in ("2021-01", "2021-02"):
        for number, text in enumerate(texts_of(month)):
            at = datetime.fromisoformat(f"{month}-{1 + number % 28:02}")
            row = document(f"nyt:{month}/{number:02}", "nyt", text, at=at)
            # Of such a text the sentence that mentions the keyword is in a pack without texts.
            add_documents(jobs.db, [row | {"full_stop_added": number % 8 == 0}])

    keywords = (Keyword.parse("tide"),)
    run = jobs.submit(months(first="2021-01", last="2021-02", keywords=keywords, steps=STEPS))
    jobs.do_all(run)
    for codebook in (RELEVANCE, TONE):
        sample = draw_code_sample(jobs.db, run, codebook, n=16, per=SamplePeriod.MONTH, seed=7)
        (variable,) = codebook.variables
        codes = {
            text.unit: {variable.name: CodeValue("yes" if "Tide f" in text.text else "no")}
            for text in sample
        }
        with jobs.db.write() as connection:
            codebook_id = find_stored_codebook(connection, codebook.hash)
            assert codebook_id is not None
            replace_codes(connection, jobs.db, Coding(run, codebook_id, "person:Ann"), codes)

    look = {"run_id": run, "codebook_id": 2, "coder": "people", "within": 0.1, "outcome": None}
    with jobs.db.write() as connection:
        for number, coded in ((1, 8), (2, 16)):
            seen = {"number": number, "coded": coded, "half_width": 0.3 / number}
            store_look(connection, jobs.db, {**look, **seen})

    return run


SAMPLE_FILES = ("sample_strata", "sampled_units", "sample_looks")


def read_rows(path: Path, table: str) -> Lines:
    return [json.loads(line) for line in read(path, f"rows/{table}.jsonl").splitlines()]


def write_rows(table: str, rows: Lines) -> dict[str, bytes | None]:
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return {f"rows/{table}.jsonl": content.encode() or None}


class Sample:
    """The sample of a codebook in a pack that is forged."""

    def __init__(self, path: Path, codebook: str) -> None:
        rows = [read_rows(path, table) for table in SAMPLE_FILES]
        self.others = [
            [row for row in of_table if row["codebook"] != codebook] for of_table in rows
        ]
        own = [[row for row in of_table if row["codebook"] == codebook] for of_table in rows]
        self.strata, self.units, self.looks = own
        self.units.sort(key=itemgetter("place"))

    def files(self) -> dict[str, bytes | None]:
        """Return the files of the samples, in the order of their keys."""
        for place, unit in enumerate(self.units):
            unit["place"] = place

        self.units.sort(key=lambda unit: (unit["document"], unit["keyword"], unit["position"]))
        files: dict[str, bytes | None] = {}
        own = (self.strata, self.units, self.looks)
        for table, rows, others in zip(SAMPLE_FILES, own, self.others, strict=True):
            files |= write_rows(table, sorted(rows + others, key=itemgetter("codebook")))

        return files

    def stratum(self, part: str, number: int = 0) -> dict[str, Any]:
        of_part = [stratum for stratum in self.strata if stratum["part"] == part]
        return sorted(of_part, key=itemgetter("number"))[number]

    def units_of(self, part: str) -> list[dict[str, Any]]:
        number = self.stratum(part)["number"]
        return [unit for unit in self.units if unit["stratum"] == number]

    def weigh(self) -> None:
        """Give all units the probabilities that follow from their copies."""
        for stratum in self.strata:
            units = [unit for unit in self.units if unit["stratum"] == stratum["number"]]
            copies = [unit["copies"] for unit in units]
            are_certain = find_certain(copies, len(units), stratum["population"])
            certain = sum(
                n for n, is_certain in zip(copies, are_certain, strict=True) if is_certain
            )
            drawn, others = len(units) - sum(are_certain), stratum["population"] - certain
            for unit, is_certain in zip(units, are_certain, strict=True):
                unit["inclusion"] = 1.0 if is_certain else unit["copies"] * drawn / others

    def undrawn(self, part: str) -> str:
        """Return a document of a part of January that was not drawn."""
        first = {"mention": 0, "rest": 2}[part]
        drawn = {unit["document"] for unit in self.units}
        names = [f"nyt:2021-01/{number:02}" for number in range(first, 48, 4)]
        return next(name for name in names if name not in drawn)


def population_doubled(sample: Sample) -> None:
    sample.stratum("mention")["population"] *= 2
    sample.weigh()


def population_halved(sample: Sample) -> None:
    sample.stratum("rest")["population"] //= 2
    sample.weigh()


def population_moved_to_mentions(sample: Sample) -> None:
    sample.stratum("mention")["population"] += 10
    sample.stratum("rest")["population"] -= 10
    sample.weigh()


def population_moved_to_near_misses(sample: Sample) -> None:
    for number in ("population", "texts"):
        sample.stratum("near miss")[number] += 2
        sample.stratum("rest")[number] -= 2
    sample.weigh()


def population_moved_to_many_near_misses(sample: Sample) -> None:
    sample.stratum("near miss")["population"] += 12
    sample.stratum("rest")["population"] -= 12
    sample.weigh()


def population_moved_between_classes(sample: Sample) -> None:
    for number in ("population", "texts"):
        sample.stratum("rest 4")[number] += 2
        sample.stratum("rest")[number] -= 2
    sample.weigh()


def population_moved_between_months(sample: Sample) -> None:
    sample.stratum("rest", 0)["population"] += 5
    sample.stratum("rest", 1)["population"] -= 5
    sample.weigh()


def population_of_nothing(sample: Sample) -> None:
    sample.stratum("rest")["population"] = 0


def texts_lowered(sample: Sample) -> None:
    sample.stratum("rest")["texts"] -= 1


def texts_raised(sample: Sample) -> None:
    sample.stratum("rest")["texts"] += 1


def drawn_lowered(sample: Sample) -> None:
    sample.stratum("mention")["drawn"] -= 1


def drawn_raised(sample: Sample) -> None:
    sample.stratum("mention")["drawn"] += 1


def drawn_beyond_texts(sample: Sample) -> None:
    sample.stratum("mention")["drawn"] = sample.stratum("mention")["population"] + 1


def parts_exchanged(sample: Sample) -> None:
    mention, rest = sample.stratum("mention"), sample.stratum("rest")
    mention["part"], rest["part"] = "rest", "mention"


def near_misses_and_rest_exchanged(sample: Sample) -> None:
    near, rest = sample.stratum("near miss"), sample.stratum("rest")
    near["part"], rest["part"] = "rest", "near miss"


def another_period(sample: Sample) -> None:
    sample.stratum("mention")["period"] = "2021-03"


def another_kind_of_period(sample: Sample) -> None:
    sample.stratum("mention")["period"] = "2021"


def another_keyword(sample: Sample) -> None:
    sample.stratum("mention")["keyword"] = "storm"


def stratum_removed(sample: Sample) -> None:
    removed = sample.strata.pop()["number"]
    sample.units[:] = [unit for unit in sample.units if unit["stratum"] != removed]


def stratum_added(sample: Sample) -> None:
    added = {"number": len(sample.strata), "period": "2021-03", "population": 500, "texts": 500}
    sample.strata.append({**sample.strata[0], **added, "drawn": 0})


def stratum_repeated(sample: Sample) -> None:
    sample.strata.append({**sample.strata[0], "number": len(sample.strata), "drawn": 0})


def strata_in_another_order(sample: Sample) -> None:
    sample.strata.reverse()


def copies_of_a_text_with_the_code(sample: Sample) -> None:
    text = min(sample.units_of("mention"), key=lambda unit: unit["copies"])
    text["copies"] += 2
    sample.stratum("mention")["texts"] -= 2
    sample.weigh()


def copies_of_all_texts(sample: Sample) -> None:
    for unit in sample.units:
        unit["copies"] *= 9
    sample.weigh()


def copies_of_a_repeat_lowered(sample: Sample) -> None:
    max(sample.units, key=lambda unit: unit["copies"])["copies"] = 1
    sample.weigh()


def copies_of_nothing(sample: Sample) -> None:
    sample.units[0]["copies"] = 0


def copies_exchanged(sample: Sample) -> None:
    units = sample.units_of("mention")
    repeat = max(units, key=lambda unit: unit["copies"])
    other = min(units, key=lambda unit: unit["copies"])
    repeat["copies"], other["copies"] = other["copies"], repeat["copies"]
    sample.weigh()


def inclusion_halved(sample: Sample) -> None:
    sample.units_of("rest")[0]["inclusion"] /= 2


def inclusion_of_everything(sample: Sample) -> None:
    for unit in sample.units:
        unit["inclusion"] = 1.0


def inclusion_of_nothing(sample: Sample) -> None:
    sample.units_of("rest")[0]["inclusion"] = 0.0


def unit_exchanged_for_one_of_its_part(sample: Sample) -> None:
    sample.units_of("rest")[0]["document"] = sample.undrawn("rest")


def unit_exchanged_for_a_mention(sample: Sample) -> None:
    sample.units_of("rest")[0]["document"] = sample.undrawn("mention")


def unit_exchanged_for_one_of_another_month(sample: Sample) -> None:
    sample.units_of("rest")[0]["document"] = "nyt:2020-03-02/0"


def unit_removed(sample: Sample) -> None:
    sample.units.remove(sample.units_of("rest")[0])


def first_unit_removed_and_not_counted(sample: Sample) -> None:
    sample.units.remove(sample.units_of("rest")[0])
    sample.stratum("rest")["drawn"] -= 1
    sample.weigh()


def last_unit_removed_and_not_counted(sample: Sample) -> None:
    sample.units.remove(sample.units_of("rest")[-1])
    sample.stratum("rest")["drawn"] -= 1
    sample.weigh()


def unit_added_and_counted(sample: Sample) -> None:
    unit = {**sample.units_of("mention")[0], "document": sample.undrawn("mention"), "copies": 1}
    sample.units.append(unit)
    sample.stratum("mention")["drawn"] += 1
    sample.weigh()


def unit_repeated(sample: Sample) -> None:
    sample.units.append(dict(sample.units[0]))


def unit_of_another_part(sample: Sample) -> None:
    sample.units_of("rest")[0]["stratum"] = sample.stratum("mention")["number"]
    sample.stratum("rest")["drawn"] -= 1
    sample.stratum("mention")["drawn"] += 1
    sample.weigh()


def unit_of_no_stratum(sample: Sample) -> None:
    sample.units[0]["stratum"] = 99


def unit_of_another_keyword(sample: Sample) -> None:
    sample.units[0]["keyword"] = "storm"


def unit_of_another_position(sample: Sample) -> None:
    sample.units[0]["position"] = 3


def units_in_another_order(sample: Sample) -> None:
    sample.units.reverse()


def sample_removed(sample: Sample) -> None:
    sample.units.clear()
    sample.strata.clear()
    sample.looks.clear()


def another_seed(sample: Sample) -> None:
    for stratum in sample.strata:
        stratum["seed"] = "8"


def no_seed(sample: Sample) -> None:
    for stratum in sample.strata:
        stratum["seed"] = None


def no_seed_and_other_copies(sample: Sample) -> None:
    no_seed(sample)
    copies_of_all_texts(sample)


def look_removed(sample: Sample) -> None:
    sample.looks.pop()


def first_look_removed(sample: Sample) -> None:
    del sample.looks[0]


def look_of_another_number(sample: Sample) -> None:
    sample.looks[1]["number"] = 4


def looks_in_another_order(sample: Sample) -> None:
    sample.looks.reverse()


def look_at_more_codes(sample: Sample) -> None:
    sample.looks[1]["coded"] = 90


def look_that_found_less_doubt(sample: Sample) -> None:
    sample.looks[1]["half_width"] = 0.01


def look_with_another_end(sample: Sample) -> None:
    sample.looks[1]["outcome"] = "every share of the whole run is known"


REFUSED = "rows/sample"
IN_ORDER = "how many texts of a stratum were drawn and in which order they are coded"
LOOKS = "what looks at a growing sample found"
OTHER_LOOKS = "the looks at the sample of relevance"
SEED = "the sample of relevance"

# What names each forgery, in a pack with texts and in one without: a file that is refused, or what
# is not checked or taken as given.
FORGERIES: dict[Callable[[Sample], None], tuple[str, str]] = {
    population_doubled: (REFUSED, REFUSED),
    population_halved: (REFUSED, REFUSED),
    population_moved_to_mentions: (REFUSED, REFUSED),
    population_moved_to_near_misses: (REFUSED, REFUSED),
    population_moved_to_many_near_misses: (REFUSED, REFUSED),
    population_moved_between_classes: (REFUSED, REFUSED),
    population_moved_between_months: (REFUSED, REFUSED),
    population_of_nothing: (REFUSED, REFUSED),
    texts_lowered: (REFUSED, SEED),
    texts_raised: (REFUSED, REFUSED),
    drawn_lowered: (REFUSED, REFUSED),
    drawn_raised: (REFUSED, REFUSED),
    drawn_beyond_texts: (REFUSED, REFUSED),
    parts_exchanged: (REFUSED, REFUSED),
    near_misses_and_rest_exchanged: (REFUSED, REFUSED),
    another_period: (REFUSED, REFUSED),
    another_kind_of_period: (REFUSED, REFUSED),
    another_keyword: (REFUSED, REFUSED),
    stratum_removed: (REFUSED, REFUSED),
    stratum_added: (REFUSED, REFUSED),
    stratum_repeated: (REFUSED, REFUSED),
    strata_in_another_order: (REFUSED, REFUSED),
    copies_of_a_text_with_the_code: (REFUSED, SEED),
    copies_of_all_texts: (REFUSED, REFUSED),
    copies_of_a_repeat_lowered: (REFUSED, SEED),
    copies_of_nothing: (REFUSED, REFUSED),
    copies_exchanged: (REFUSED, SEED),
    inclusion_halved: (REFUSED, REFUSED),
    inclusion_of_everything: (REFUSED, REFUSED),
    inclusion_of_nothing: (REFUSED, REFUSED),
    unit_exchanged_for_one_of_its_part: (REFUSED, SEED),
    unit_exchanged_for_a_mention: (REFUSED, REFUSED),
    unit_exchanged_for_one_of_another_month: (REFUSED, REFUSED),
    unit_removed: (REFUSED, REFUSED),
    first_unit_removed_and_not_counted: (REFUSED, SEED),
    last_unit_removed_and_not_counted: (IN_ORDER, SEED),
    unit_added_and_counted: (REFUSED, SEED),
    unit_repeated: (REFUSED, REFUSED),
    unit_of_another_part: (REFUSED, REFUSED),
    unit_of_no_stratum: (REFUSED, REFUSED),
    unit_of_another_keyword: (REFUSED, REFUSED),
    unit_of_another_position: (REFUSED, REFUSED),
    units_in_another_order: (IN_ORDER, SEED),
    sample_removed: ("16 coded texts of relevance", "16 coded texts of relevance"),
    another_seed: (REFUSED, SEED),
    no_seed: (SEED, SEED),
    no_seed_and_other_copies: (REFUSED, REFUSED),
    look_removed: (LOOKS, LOOKS),
    first_look_removed: (REFUSED, REFUSED),
    look_of_another_number: (REFUSED, REFUSED),
    looks_in_another_order: (REFUSED, REFUSED),
    look_at_more_codes: (OTHER_LOOKS, OTHER_LOOKS),
    look_that_found_less_doubt: (LOOKS, LOOKS),
    look_with_another_end: (LOOKS, LOOKS),
}


# One of each part of a sample, of what is named, and of each sentence that names it.
QUICK = (
    *(population_doubled, population_moved_between_classes, texts_lowered, drawn_raised),
    *(stratum_removed, copies_of_all_texts, inclusion_halved, unit_removed),
    *(last_unit_removed_and_not_counted, sample_removed, another_seed, no_seed),
    *(look_removed, look_at_more_codes, look_of_another_number),
)


def forge_sample(path: Path, change: Callable[[Sample], None], codebook: Codebook) -> Path:
    sample = Sample(path, codebook.hash.hex())
    change(sample)
    files = sample.files()
    assert any(content != read_or_none(path, name) for name, content in files.items())
    return forge(path, files)


def read_or_none(path: Path, name: str) -> bytes | None:
    with ZipFile(path) as archive:
        return archive.read(name) if name in archive.namelist() else None


def say_what_names_it(result: Verification, expected: str) -> bool:
    if expected == REFUSED:
        return any(REFUSED in problem.split(",")[0] for problem in result.problems)

    is_refused = any(REFUSED in problem for problem in result.problems)
    return not is_refused and (expected in result.not_checked or expected in result.given)


@pytest.mark.parametrize(
    "has_texts", [True, pytest.param(False, marks=pytest.mark.thorough)], ids=["texts", "no texts"]
)
@pytest.mark.parametrize(
    "change", thorough_but(FORGERIES, *QUICK), ids=lambda change: change.__name__
)
def test_a_forged_sample_is_refused_or_what_it_changes_is_named(
    packs: Mapping[bool, Path],
    tmp_path: Path,
    change: Callable[[Sample], None],
    *,
    has_texts: bool,
) -> None:
    path = shutil.copyfile(packs[has_texts], tmp_path / "pack.zip")
    result = verify(forge_sample(path, change, RELEVANCE))
    expected = FORGERIES[change][0 if has_texts else 1]
    assert say_what_names_it(result, expected), (result.problems, result.not_checked)


@pytest.mark.parametrize("has_texts", [True, False], ids=["texts", "no texts"])
def test_a_sample_of_mentions_is_drawn_again_without_texts_too(
    packs: Mapping[bool, Path], tmp_path: Path, *, has_texts: bool
) -> None:
    path = shutil.copyfile(packs[has_texts], tmp_path / "pack.zip")
    result = verify(path)
    assert result.problems == []
    assert "the sample of tone" not in result.not_checked
    assert ("the sample of relevance" in result.not_checked) == (not has_texts)

    def copy_a_text(sample: Sample) -> None:
        sample.units[0]["copies"] = 2
        sample.weigh()

    problems = verify(forge_sample(path, copy_a_text, TONE)).problems
    assert problems[0].startswith("rows/sampled_units.jsonl, line ")


def test_words_of_quoted_sentences_make_no_near_misses(
    coded: tuple[Jobs, int], tmp_path: Path
) -> None:
    """Of texts that got a full stop a pack without texts has the sentences that it quotes."""
    jobs, _ = coded
    keywords = (Keyword.parse("tide"), Keyword.parse("harbour"))
    run = jobs.submit(months(first="2021-01", last="2021-02", keywords=keywords, steps=STEPS))
    jobs.do_all(run)
    draw_code_sample(jobs.db, run, RELEVANCE, n=16, per=SamplePeriod.MONTH, seed=7)

    result = verify(pack(jobs, run, tmp_path / "pack.zip"))
    assert result.problems == []


def test_shares_follow_from_the_sample_that_is_drawn_and_not_from_the_one_that_was_forged(
    packs: Mapping[bool, Path], tmp_path: Path
) -> None:
    path = shutil.copyfile(packs[True], tmp_path / "pack.zip")
    forged = forge_sample(path, population_moved_to_mentions, RELEVANCE)
    estimates = follow(forged)["exports/estimates.jsonl"]
    assert estimates == read(path, "exports/estimates.jsonl")


def test_a_sample_has_its_seed_in_the_pack_if_the_seed_draws_it(coded: tuple[Jobs, int]) -> None:
    jobs, run = coded
    run_data = load_run(jobs.db, run)
    assert find_seeds(run_data) == {2: 7, 3: 7}

    def change(table: Any, **values: Any) -> None:
        with jobs.db.write() as connection:
            connection.execute(sql.update(table).where(table.codebook_id == 2).values(**values))

    # Older versions kept no seed, and another sample was drawn by another one.
    for seed in (None, "8"):
        change(SampleStratum, seed=seed)
        assert find_seeds(run_data) == {3: 7}

    change(SampleStratum, seed="7")
    assert find_seeds(run_data) == {2: 7, 3: 7}
