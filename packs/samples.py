"""The samples of a pack: drawn again from the texts, or checked for contradictions without them.

What neither shows is named by `verify` among what is taken as given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from analysis.codebooks.cells import make_cells, most_near_misses
from analysis.codebooks.codebook import Codebook
from analysis.codebooks.drawing import find_inclusions
from analysis.codebooks.rank_classes import size_classes
from core.enums import SamplePart, SamplePeriod, SampleRule
from core.errors import BadInput
from core.quantities import quantity
from models.code_samples import (
    list_looks,
    list_sampled_keys,
    list_strata,
    list_unit_rows,
    replace_sample,
)
from models.codes import PERSON, UnitKey
from models.runs import get_run
from models.tables import POLARITY_CODEBOOK, Code
from packs.contents import NO_TEXTS
from packs.rows import LOOKS, STRATA, UNITS, list_codebooks
from producers.code_sample import DrawnSample
from reports.data.coded_samples import PEOPLE
from reports.data.queries import fetch_all
from reports.data.run_data import RunData

#: Why a sample is not drawn again though the texts are there.
OTHER_DOCUMENTS = (
    "it cannot be drawn again: documents changed after it was drawn, or an older version drew it"
)
NOT_IN_SAMPLE = "they are not in the sample that was drawn last"
OTHER_LOOKS = "they do not fit the codes of the sample: they were taken at another"
#: What is taken as given of samples that are drawn again.
GIVEN = (
    "the seeds of samples",
    "how many texts of a stratum were drawn and in which order they are coded",
    "which of equal texts was drawn",
)
#: What is taken as given of looks.
GIVEN_LOOKS = "what looks at a growing sample found"

# The period, keyword and part of a stratum.
_Part: TypeAlias = tuple[str, str, SamplePart]

# Probabilities that are written as decimals are equal within this part.
_ROUNDING = 1e-9


@dataclass
class SampleChecks:
    """What was found of the samples of a pack."""

    #: The first contradiction of a sample, behind the name of the file.
    problem: str | None = None
    #: Why a sample was not drawn again, by what the output calls it.
    not_drawn: dict[str, str] = field(default_factory=dict)
    #: What is taken as given.
    given: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class _StoredSample:
    """The rows of a sample, and of the looks at it while it grew."""

    codebook_id: int
    codebook: Codebook
    strata: Sequence[Row[Any]]
    units: Sequence[Row[Any]]
    looks: Sequence[Row[Any]]

    @property
    def seed(self) -> int | None:
        """The seed that draws the sample again; None if none is known to."""
        seed = self.strata[0].seed if self.strata else None
        return None if seed is None else int(seed)

    def draw_again(self, run: RunData) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the rows of the strata and units that the seed draws."""
        assert self.seed is not None  # noqa: S101 - callers ask for it
        drawn_sample = DrawnSample.draw_again(run.db, run.id, self.codebook, seed=self.seed)
        strata, unit_rows = drawn_sample.make_rows()
        return [{**stratum, "seed": str(self.seed)} for stratum in strata], unit_rows


def _read_samples(run: RunData) -> Iterator[_StoredSample]:
    """Yield the samples of a run, one for each codebook; one without rows was not drawn."""
    for codebook_id, codebook in list_codebooks(run):
        with run.db.read() as connection:
            readers = (list_strata, list_unit_rows, list_looks)
            rows = [read(connection, run.id, codebook_id) for read in readers]

        yield _StoredSample(codebook_id, codebook, *rows)


def find_seeds(run: RunData) -> dict[int, int]:
    """Return the seed of each sample of a run that can be drawn again, by the codebook's id."""
    seeds: dict[int, int] = {}
    for sample in _read_samples(run):
        if sample.seed is not None:
            of_sample = {"run_id": run.id, "codebook_id": sample.codebook_id}
            strata, unit_rows = sample.draw_again(run)
            rows = [*(of_sample | stratum for stratum in strata), *unit_rows]
            stored_rows = [*sample.strata, *sample.units]
            if rows == [dict(row._mapping) for row in stored_rows]:  # noqa: SLF001 - its public name
                seeds[sample.codebook_id] = sample.seed

    return seeds


def check_samples(run: RunData, *, has_texts: bool) -> SampleChecks:
    """Draw the samples of a restored run again, and check those that cannot be drawn.

    The rows of a sample that is drawn again take the place of the pack's. Raises `BadInput` where
    rows do not fit together.
    """
    checks = SampleChecks()
    for sample in _read_samples(run):
        _check_structure(sample)
        if sample.looks:
            checks.given[GIVEN_LOOKS] = None
        if sample.strata:
            _check_sample(run, sample, checks, has_texts=has_texts)
        if sample.codebook_id != POLARITY_CODEBOOK:
            _name_what_was_coded(run, sample, checks)

    return checks


def _check_structure(sample: _StoredSample) -> None:
    """Raise `BadInput` unless each unit of a sample has a stratum, and each look its number."""
    numbers = [stratum.number for stratum in sample.strata]
    parts = {(stratum.period, stratum.keyword, stratum.part) for stratum in sample.strata}
    looks = [(look.coder, look.number) for look in sample.looks]
    looks_by_coder = Counter(look.coder for look in sample.looks)
    expected_looks = [
        (coder, number + 1) for coder, n in sorted(looks_by_coder.items()) for number in range(n)
    ]

    if numbers != list(range(len(numbers))) or len(parts) < len(numbers):
        raise BadInput(
            f"{STRATA.file_name}: strata are not numbered from 0 on, or one is there twice"
        )
    if any(unit.stratum >= len(numbers) for unit in sample.units):
        raise BadInput(f"{UNITS.file_name}: a unit of a sample is of no stratum")
    if looks != expected_looks:
        raise BadInput(f"{LOOKS.file_name}: looks are not numbered from 1 on, by coder")


def _check_sample(
    run: RunData, sample: _StoredSample, checks: SampleChecks, *, has_texts: bool
) -> None:
    """Draw a sample again, or note why it cannot be and its first contradiction."""
    codebook, seed = sample.codebook, sample.seed
    has_units = has_texts or (codebook.is_of_mentions and not run.selection)
    if seed is not None and has_units:
        strata, unit_rows = sample.draw_again(run)
        with run.db.write() as connection:
            replace_sample(connection, run.id, sample.codebook_id, strata, unit_rows)

        checks.given |= dict.fromkeys(GIVEN)
        return

    checks.not_drawn[f"the sample of {codebook.name}"] = (
        NO_TEXTS if seed is not None else OTHER_DOCUMENTS
    )
    problem = _find_wrong_number(sample)
    if problem is None and seed is not None and not run.selection:
        problem = _find_wrong_frame(run, sample)
    if problem is not None and checks.problem is None:
        checks.problem = f": in the sample of {codebook.name} {problem}"


def _find_wrong_number(sample: _StoredSample) -> str | None:
    """Return which numbers of a sample contradict each other."""
    units_by_stratum: dict[int, list[Row[Any]]] = defaultdict(list)
    for unit in sample.units:
        units_by_stratum[unit.stratum].append(unit)

    is_of_mentions = sample.codebook.is_of_mentions
    if any((unit.position > 0) != is_of_mentions for unit in sample.units):
        return f"a unit is no {sample.codebook.unit}"

    periods = {SamplePeriod.that_has(stratum.period) for stratum in sample.strata}
    if len(periods) > 1:
        return "strata are of months and of other periods"

    for stratum in sample.strata:
        problem = _find_wrong_number_of(stratum, units_by_stratum[stratum.number])
        if problem is not None:
            return f"stratum {stratum.number} {problem}"

    return None


def _find_wrong_number_of(stratum: Row[Any], units: Sequence[Row[Any]]) -> str | None:
    """Return which numbers of a stratum contradict each other."""
    drawn, texts, population = stratum.drawn, stratum.texts, stratum.population
    copies = [unit.copies for unit in units]
    if len(units) != drawn:
        return f"has {drawn:,} texts drawn, and the sample {len(units):,} of it"
    if not 0 < texts <= population or drawn > texts:
        return f"has {population:,} units, {texts:,} texts and {drawn:,} of them drawn"
    if any(unit.keyword != stratum.keyword for unit in units):
        return "has a unit of another keyword"
    if min(copies, default=1) < 1 or sum(copies) + texts - drawn > population:
        return f"has {population:,} units, and its texts are more"
    if drawn == texts and sum(copies) != population:
        return f"has {population:,} units, and its texts are {sum(copies):,}"

    inclusions = find_inclusions(copies, len(copies), population)
    # A text that was not drawn may have so many copies that the others had less of a chance.
    copies_of_other = population - sum(copies) - max(0, texts - drawn - 1)
    other_may_be_certain = texts > drawn and copies_of_other * drawn >= population
    for unit, inclusion in zip(units, inclusions, strict=True):
        is_right = isclose(unit.inclusion, inclusion, rel_tol=_ROUNDING)
        if not is_right and not (other_may_be_certain and 0 < unit.inclusion <= 1):
            return (
                f"has a text that was drawn with a probability of {unit.inclusion:g}: by its "
                f"copies it is {inclusion:g}"
            )

    return None


def _find_wrong_frame(run: RunData, sample: _StoredSample) -> str | None:
    """Return where strata contradict the documents and mentions of the run, or units them.

    Without words near misses cannot be told from the rest.
    """
    run_row = run.db.fetch(get_run, run.id)
    per = SamplePeriod.that_has(sample.strata[0].period)
    rule = SampleRule(sample.strata[0].rule)
    units, cells = make_cells(run.db, run_row, sample.codebook, per, b"", rule=rule)
    documents: defaultdict[_Part, set[int]] = defaultdict(set)
    populations: Counter[_Part] = Counter()
    for cell in cells:
        for part, frame in cell.frames.items():
            # A sentence that is quoted has words.
            key = (cell.period, cell.keyword, _seen_part(part))
            documents[key].update(units.documents[frame.members].tolist())
            populations[key] += frame.population

    problem = _find_wrong_population(sample.strata, populations)
    if problem is not None:
        return problem

    for unit_row in sample.units:
        stratum = sample.strata[unit_row.stratum]
        if unit_row.document_id not in documents[_part_without_words(stratum)]:
            return f"a unit of stratum {stratum.number} is not of its period and part"

    return None


def _find_wrong_population(
    strata: Sequence[Row[Any]], populations: Mapping[_Part, int]
) -> str | None:
    """Return which strata have not as many units as the *populations* by documents say."""
    packed_populations: Counter[_Part] = Counter()
    for stratum in strata:
        packed_populations[_part_without_words(stratum)] += stratum.population

    for part in sorted(packed_populations.keys() | populations.keys()):
        expected = populations.get(part, 0)
        if packed_populations[part] != expected:
            return (
                f"the strata of {' '.join(filter(None, part))} have {packed_populations[part]:,} "
                f"units: by the documents and mentions of the pack they have {expected:,}"
            )

    for stratum in strata:
        mentions = populations.get((stratum.period, stratum.keyword, SamplePart.MENTION), 0)
        others = populations.get((stratum.period, stratum.keyword, SamplePart.REST), 0)
        is_near_miss = stratum.part == SamplePart.NEAR_MISS
        if is_near_miss and stratum.population > most_near_misses(
            mentions, mentions + others, SampleRule(stratum.rule)
        ):
            return f"stratum {stratum.number} has more near misses than a period may have"

    return _find_wrong_class(strata)


def _find_wrong_class(strata: Sequence[Row[Any]]) -> str | None:
    """Return which class of the rest of a period has not as many texts as its rank says."""
    rests: defaultdict[tuple[str, str], dict[SamplePart, int]] = defaultdict(dict)
    for stratum in strata:
        part = SamplePart(stratum.part)
        if part.is_rest and stratum.rule == SampleRule.RANK:
            rests[stratum.period, stratum.keyword][part] = stratum.population

    for (period, keyword), sizes in rests.items():
        expected = size_classes(sum(sizes.values()))
        has_classes = len(sizes) > 1 and any(
            size != sizes.get(part, 0) for part, size in expected.items()
        )
        if has_classes:
            return f"the classes by rank of {period} {keyword} have not the sizes of their ranks"

    return None


def _part_without_words(stratum: Row[Any]) -> _Part:
    """Return the part of a stratum as far as it is seen without words."""
    return stratum.period, stratum.keyword, _seen_part(SamplePart(stratum.part))


def _seen_part(part: SamplePart) -> SamplePart:
    return SamplePart.REST if part == SamplePart.NEAR_MISS else part.kind


def _name_what_was_coded(run: RunData, sample: _StoredSample, checks: SampleChecks) -> None:
    """Name codes and looks that do not fit the sample: one that was drawn anew may lack them."""
    codebook_name = sample.codebook.name
    is_of_codebook = (Code.run_id == run.id, Code.codebook_id == sample.codebook_id)
    columns = (Code.document_id, Code.keyword, Code.position, Code.coder)
    coded = {
        (UnitKey(*code[:3]), code.coder)
        for code in fetch_all(run.db, select(*columns).where(*is_of_codebook).distinct())
    }
    sampled = run.db.fetch(list_sampled_keys, run.id, sample.codebook_id)
    dropped = {unit for unit, coder in coded if coder.startswith(PERSON)} - sampled
    if dropped:
        texts = quantity(len(dropped), "coded text")
        checks.not_drawn[f"{texts} of {codebook_name}"] = NOT_IN_SAMPLE

    for look in sample.looks:
        is_by_people = look.coder == PEOPLE
        readers = {
            unit
            for unit, coder in coded
            if unit in sampled
            and (coder.startswith(PERSON) if is_by_people else coder == look.coder)
        }
        is_as_wanted = is_by_people or look.within == run.parameters.half_width
        if look.coded > len(readers) or not is_as_wanted:
            checks.not_drawn[f"the looks at the sample of {codebook_name}"] = OTHER_LOOKS
