"""The page on what readers would say, by a codebook: a validity card, and a section a variable."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook, CodedUnit, Variable, VariableType
from analysis.codebooks.wanted import list_categories
from models.code_samples import count_dropped_units
from reports.data.code_agreement import VariableAgreement, list_people, measure_agreement
from reports.data.coded_samples import PEOPLE, CodedSample, read_coded_samples
from reports.data.coder_error_rates import CORRECTED, correct_subject
from reports.data.estimate_strata import CodedSubject, Method, list_helpers, list_methods
from reports.data.later_units import count_later_units, count_population
from reports.data.machine_accuracy import MachineAccuracy, measure_machine
from reports.data.machine_codings import MachineCoding, read_machine_codings
from reports.data.pooled_shares import POOLED, pool_shares
from reports.data.replaced_coders import ReplacedCoder, judge_machines
from reports.data.run_data import RunData
from reports.data.sample_looks import read_level, read_looks
from reports.data.searched_texts import read_models_search
from reports.data.tables.estimates import EstimateRow, read_estimates
from reports.figures.code_estimates import CategoryPanel, EstimatedShare, estimates_spec
from reports.figures.figure_store import FigureRef, FigureStore
from reports.findings.code_estimates import (
    list_measures,
    list_statements,
    state_coding,
    state_differences,
    state_search,
)
from reports.findings.finding import Finding
from reports.stats.coder_errors import CoderErrors, move_share
from reports.words.periods import name_sample_period
from reports.words.quantities import NAMED, format_confidence

CODES_PAGE, CODES_TITLE = "codes.html", "What readers say"
MACHINES_TITLE = "What machines say"
# Of fewer codes a sentence says all, and a figure no more.
FEWEST_DRAWN = 30


@dataclass(frozen=True)
class KnownShares:
    """How well the shares of the whole run are known of what people, or a model, would say."""

    reader: str
    shares: int

    # The widest of their intervals: half of it, as a share.
    half_width: float
    confidence: str

    # The different texts that were coded.
    coded: int

    # Why the sample was not enlarged any more, if it was looked at while it grew.
    outcome: str | None


@dataclass(frozen=True)
class ValidityCard:
    """Whom was asked, how many texts they coded, how far they agree, and how right keywords are."""

    codebook: Codebook
    unit: str
    population: int
    drawn: int
    coded: int

    # The units that came after the sample was drawn, and those that people coded and it lacks.
    later: int
    dropped: int

    # The texts that each coder coded, and machines with theirs.
    people: Sequence[tuple[str, int]]
    machines: Sequence[MachineAccuracy]

    # The machines that coded all texts, and so make estimates from people's codes more precise.
    helpers: Sequence[str]

    # What language models would say of all texts, and what people would; None if nobody knows.
    known_of_models: Sequence[KnownShares]
    known_of_people: KnownShares | None

    # The texts that several people coded.
    shared: int
    cannot_be_coded: int

    # Whose codes the estimates of what people would say use.
    used: Method

    # The half-width of the widest interval of the run's shares by each method, where there are
    # several.
    widths: Mapping[str, float]
    agreements: Sequence[VariableAgreement]

    # A share of the run, its coders' errors, if doubles tell of them, and what it would be if they
    # erred in 1, 5 or 10 % of texts.
    errors: Sequence[tuple[EstimateRow, CoderErrors | None, Mapping[float, float]]]

    # Whether machines may replace a coder, in the whole run.
    replaced: Sequence[ReplacedCoder]

    # A keyword, an answer, a period, and how right the keyword is in it, by measure.
    keywords: Sequence[tuple[str, str, str, Mapping[str, EstimateRow]]]

    @property
    def anchor(self) -> str:
        """The name of the card's place on the page."""
        return f"{self.codebook.name}-{self.codebook.short_hash}"


@dataclass(frozen=True)
class EstimateTable:
    """The estimates of a variable for a keyword: a line for each period and category."""

    keyword: str
    variable: Variable
    figures: Sequence[FigureRef]
    rows: Sequence[EstimateRow]

    # The same by group, if the run has a grouping.
    group_rows: Sequence[EstimateRow]

    # The shares of all texts by period, where *rows* are of those with the keyword.
    share_rows: Sequence[EstimateRow]
    share_figures: Sequence[FigureRef]

    # Whether the rates of periods differ beyond chance, by the least likely of its categories.
    p_value: float | None

    @property
    def is_pooled(self) -> bool:
        """Whether shares of periods rest on rates of all periods."""
        return any(row.method.endswith(POOLED) for row in (*self.rows, *self.share_rows))

    @property
    def measure(self) -> str:
        """Of which texts the shares are."""
        return self.rows[0].measure if self.rows else ""


@dataclass(frozen=True)
class CodebookSection:
    """All that the page says of a codebook."""

    card: ValidityCard
    findings: Sequence[Finding]
    tables: Sequence[EstimateTable]

    @property
    def uncoded(self) -> list[str]:
        """The variables, with their keywords, of which too few texts are coded."""
        return [
            f"{table.variable.name}: {table.keyword}" if table.keyword else table.variable.name
            for table in self.tables
            if not table.rows
        ]


@dataclass(frozen=True)
class CodingSection:
    """What a machine says of all texts that it was given, of which people have coded none."""

    coding: MachineCoding
    unit: str
    findings: Sequence[Finding]

    # What is searched for, where the machine was given what a search read.
    sought: str | None = None

    @property
    def anchor(self) -> str:
        """The name of the section's place on the page."""
        codebook = self.coding.codebook
        return f"{codebook.name}-{codebook.short_hash}-{self.coding.coder.replace(':', '-')}"

    @property
    def tables(self) -> list[tuple[str, Variable, Sequence[str]]]:
        """A keyword, a variable and its codes for each table: those of a scale, or all given.

        What a search read is no picture of the run.
        """
        tables: list[tuple[str, Variable, Sequence[str]]] = []
        for keyword in self.coding.keywords if self.sought is None else ():
            for variable in self.coding.codebook.variables:
                given = self.coding.count(keyword, variable).codes
                if given:
                    codes = dict.fromkeys((*variable.codes, *sorted(given)))
                    tables.append((keyword, variable, list(codes)))

        return tables


@dataclass(frozen=True)
class CodesPage:
    """The codebooks by which a run was coded."""

    # Those of which a sample was drawn and coded.
    sections: Sequence[CodebookSection]

    # Those by which machines alone have coded.
    codings: Sequence[CodingSection] = ()

    @property
    def has_people(self) -> bool:
        """Whether people have coded anything."""
        return any(section.card.people for section in self.sections)

    @property
    def title(self) -> str:
        """The page's title."""
        return CODES_TITLE if self.has_people else MACHINES_TITLE

    @property
    def contents(self) -> str:
        """What the page holds, in a few words."""
        if self.has_people:
            return "what people who coded a sample would say of all, and how right keywords are"
        return "the codes that machines gave, not checked against people"

    @property
    def statements(self) -> list[Finding]:
        """What the front page says of people's codes: the first sentences of each codebook."""
        return [
            finding
            for section in self.sections
            if section.card.people
            for finding in section.findings[:NAMED]
        ]

    @property
    def unchecked(self) -> list[Finding]:
        """What the front page says of machines' codes that were not checked against people's."""
        found = [section.findings for section in self.sections if not section.card.people]
        found += [section.findings for section in self.codings]
        return [finding for findings in found for finding in findings[:NAMED]]


def make_codes_page(run: RunData, store: FigureStore) -> CodesPage | None:
    """Draw what is said of each codebook; None if no text of the run has a code."""
    sections = []
    estimates = list(read_estimates(run))
    for sample in read_coded_samples(run):
        rows = [row for row in estimates if row.hash == sample.codebook.short_hash]
        sections.append(_make_section(run, sample, rows, store))

    codings = []
    for coding in read_machine_codings(run):
        unit = name_unit(coding.codebook)
        outcome = read_models_search(run) if coding.coder == run.parameters.coder else None
        if outcome is None:
            codings.append(CodingSection(coding, unit, state_coding(coding, unit)))
        else:
            sought = run.parameters.find
            findings = state_search(coding.coder, sought, outcome)
            codings.append(CodingSection(coding, unit, findings, sought))

    return CodesPage(sections, codings) if sections or codings else None


def name_unit(codebook: Codebook) -> str:
    """Return what one of the texts is called that are coded by a codebook."""
    return "text" if codebook.unit == CodedUnit.DOCUMENT else codebook.unit.value


def _make_section(
    run: RunData, sample: CodedSample, rows: Sequence[EstimateRow], store: FigureStore
) -> CodebookSection:
    shown = choose_periods(rows, choose_method(rows))
    unit = name_unit(sample.codebook)
    method = _find_method(run, sample, shown)
    findings = list_statements(sample, shown, unit) + state_differences(run, sample, method)
    tables = [
        _make_table(run, sample, variable, keyword, shown, store)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
    ]
    card = _make_card(run, sample, rows, shown, unit, method)
    return CodebookSection(card, findings, tables)


def _find_method(run: RunData, sample: CodedSample, shown: Sequence[EstimateRow]) -> Method:
    """Return the method of the shares that are shown of people; their codes alone without any."""
    shown_words = {row.method for row in shown if row.measure == "share"}
    for method in list_methods(run, sample):
        if method.reader == PEOPLE and method.words in shown_words:
            return method

    return Method()


def choose_method(rows: Sequence[EstimateRow]) -> list[EstimateRow]:
    """Return the estimates of the method whose intervals are narrowest on the whole.

    A machine is chosen for all estimates of a codebook or for none: otherwise the narrowest of
    several intervals would cover less often than it says. What a language model would say is
    chosen only where people have coded nothing.
    """
    if any(row.model is None for row in rows):
        rows = [row for row in rows if row.model is None]

    widths: dict[str, float] = defaultdict(float)
    rows = [row for row in rows if not row.method.endswith((POOLED, CORRECTED))]
    for row in rows:
        if row.measure == "share" and row.group is None:
            widths[row.method] += row.high - row.low

    method = min(widths, key=lambda name: (widths[name], name), default=PEOPLE)
    return [row for row in rows if row.method == method or row.measure in ("mean", "asked")]


def choose_periods(rows: Sequence[EstimateRow], shown: Sequence[EstimateRow]) -> list[EstimateRow]:
    """Return *shown* with the shares of periods by rates of all, where these tell more.

    All periods of a share have one method: otherwise the narrowest would be chosen of each. Nor has
    a keyword a precision and a recall of each period then, since its rates are those of all.
    """
    models = {row.model for row in shown}
    pooled: dict[tuple[str | None, ...], list[EstimateRow]] = defaultdict(list)
    widths: dict[tuple[str | None, ...], float] = defaultdict(float)
    for row in rows:
        if row.method.endswith(POOLED) and row.model in models:
            pooled[_name_category(row)].append(row)
            widths[_name_category(row)] += row.high - row.low

    for row in shown:
        if row.measure == "share" and row.period is not None and row.group is None:
            widths[_name_category(row)] -= row.high - row.low

    narrower = [category for category in pooled if widths[category] < 0]
    chosen = [
        row
        for row in shown
        if row.period is None or row.group is not None or _name_category(row) not in narrower
    ]
    return chosen + [row for category in narrower for row in pooled[category]]


def _name_category(row: EstimateRow) -> tuple[str | None, ...]:
    return row.variable, row.category, row.keyword


def _make_card(  # noqa: PLR0917 - a card has many parts
    run: RunData,
    sample: CodedSample,
    rows: Sequence[EstimateRow],
    shown: Sequence[EstimateRow],
    unit: str,
    method: Method,
) -> ValidityCard:
    texts_by_coder = Counter[str]()
    shared = cannot_be_coded = coded = 0
    for unit_of_sample in sample.units:
        people = list_people(unit_of_sample.codes)
        texts_by_coder.update(people)
        shared += len(people) > 1
        coded += bool(unit_of_sample.people)
        values = [
            value
            for coder in unit_of_sample.people
            for value in unit_of_sample.codes[coder].values()
        ]
        cannot_be_coded += bool(values) and all(value.code is None for value in values)

    codebook = sample.codebook
    with run.db.read() as connection:
        dropped = count_dropped_units(connection, run.id, sample.codebook_id)

    return ValidityCard(
        codebook=codebook,
        unit=unit,
        population=count_population(sample),
        drawn=len(sample.units),
        coded=coded,
        later=count_later_units(run, sample),
        dropped=dropped,
        people=[(name_coder(coder), n) for coder, n in sorted(texts_by_coder.items())],
        machines=[measure_machine(run, sample, coder) for coder in sample.machines if coded],
        helpers=list_helpers(run, sample),
        known_of_models=[
            known
            for model in sample.models
            if (known := _measure_known(run, sample, rows, model)) is not None
        ],
        known_of_people=_measure_known(run, sample, shown, PEOPLE),
        shared=shared,
        cannot_be_coded=cannot_be_coded,
        used=method,
        widths=_list_widths(run, sample, rows),
        agreements=measure_agreement(codebook, [unit.codes for unit in sample.units]),
        errors=_list_errors(run, sample, shown),
        replaced=[judged for judged in judge_machines(sample) if not judged.period],
        keywords=_list_validity(shown),
    )


def _list_errors(
    run: RunData, sample: CodedSample, shown: Sequence[EstimateRow]
) -> list[tuple[EstimateRow, CoderErrors | None, Mapping[float, float]]]:
    """Return what coders' errors do to people's shares of the whole run."""
    errors: list[tuple[EstimateRow, CoderErrors | None, Mapping[float, float]]] = []
    for row in shown:
        if row.category is not None and row.model is None and _is_of_whole_run(row):
            variable = sample.codebook.variable(row.variable)
            subject = CodedSubject(sample, variable, row.keyword or "", "", grain=run.grain)
            tail = read_level(run, sample, PEOPLE) / 2
            found = correct_subject(run, subject, row.category, tail)
            errors.append((row, found, move_share(row.estimate)))

    return errors


def _measure_known(
    run: RunData, sample: CodedSample, rows: Sequence[EstimateRow], reader: str
) -> KnownShares | None:
    """Return how well the shares of a reader are known; None without any."""
    reader_rows = [row for row in rows if (row.model or PEOPLE) == reader]
    shares = [row for row in choose_method(reader_rows) if _is_of_whole_run(row)]
    if not shares:
        return None

    looks = read_looks(run, sample, reader)
    return KnownShares(
        reader=reader,
        shares=len(shares),
        half_width=max((row.high - row.low) / 2 for row in shares),
        confidence=format_confidence(shares[0].confidence),
        coded=max(row.n_read for row in shares),
        outcome=looks[-1].outcome if looks else None,
    )


def _list_widths(
    run: RunData, sample: CodedSample, rows: Sequence[EstimateRow]
) -> dict[str, float]:
    """Return how well each method knows the shares of the run; nothing if there is one a reader."""
    widths: dict[str, float] = {}
    methods = list_methods(run, sample)
    for method in methods:
        for row in rows:
            if _is_of_whole_run(row) and row.method == method.words:
                half_width = (row.high - row.low) / 2
                widths[row.method] = max(half_width, widths.get(row.method, 0.0))

    return widths if len(widths) > len({method.reader for method in methods}) else {}


def _is_of_whole_run(row: EstimateRow) -> bool:
    return row.measure == "share" and row.period is None and row.group is None


def name_coder(coder: str) -> str:
    """Return the name of a coder without its kind."""
    return coder.partition(":")[2]


def _list_validity(
    rows: Sequence[EstimateRow],
) -> list[tuple[str, str, str, Mapping[str, EstimateRow]]]:
    """Return precision, recall and F1 of each answer about a keyword that has a recall."""
    measures: dict[tuple[str, str, str], dict[str, EstimateRow]] = defaultdict(dict)
    for row in rows:
        if row.measure in ("precision", "recall", "f1") and row.group is None:
            answer = f"{row.variable}: {row.category}"
            measures[row.keyword or "", answer, row.period or ""][row.measure] = row

    return [
        (keyword, answer, name_sample_period(period), found)
        for (keyword, answer, period), found in sorted(measures.items())
        if "recall" in found
    ]


def _make_table(  # noqa: PLR0917 - a table joins what many places know
    run: RunData,
    sample: CodedSample,
    variable: Variable,
    keyword: str,
    rows: Sequence[EstimateRow],
    store: FigureStore,
) -> EstimateTable:
    subject_rows = [
        row for row in rows if row.variable == variable.name and (row.keyword or "") == keyword
    ]
    measures = {row.measure for row in subject_rows if row.period is None}
    shown_measure = next(iter(list_measures(measures)), "mean")
    # Codes stand in the codebook's order, periods within each.
    order = {code: number for number, code in enumerate(variable.codes)}
    subject_rows.sort(key=lambda row: (order.get(row.category or "", 0), row.period or ""))

    all_rows = [row for row in subject_rows if row.measure == shown_measure]
    variable_rows = [row for row in all_rows if row.group is None]
    group_rows = [row for row in all_rows if row.group is not None]
    share_rows = [
        row for row in subject_rows if row.measure == "share" != shown_measure and not row.group
    ]

    subject = f"{variable.name}: {keyword}" if keyword else variable.name
    name = f"{figure_prefix(sample)}{variable.name}-{sample.keywords.index(keyword)}"
    reader = next((row.model for row in variable_rows if row.model is not None), "readers")
    title = f"{subject}, as {reader} would code"
    return EstimateTable(
        keyword,
        variable,
        _draw_rows(variable_rows, name, title, store),
        variable_rows,
        group_rows,
        share_rows,
        _draw_rows(share_rows, f"{name}-all", f"{title}, of all texts", store),
        _test_periods(run, sample, variable, keyword),
    )


def _draw_rows(
    rows: Sequence[EstimateRow], name: str, title: str, store: FigureStore
) -> list[FigureRef]:
    """Draw the shares of a variable; nothing of too few codes."""
    panels = []
    for row in rows:
        if row.period is None and row.measure != "mean" and row.n_read >= FEWEST_DRAWN:
            periods = [
                _draw_share(other)
                for other in rows
                if other.period is not None and other.category == row.category
            ]
            panels.append(CategoryPanel(row.category or "", _draw_share(row), tuple(periods)))

    spec = estimates_spec(name, title, panels)
    return store.show_all(spec) if spec is not None else []


def _test_periods(
    run: RunData, sample: CodedSample, variable: Variable, keyword: str
) -> float | None:
    """Return the p-value that rates of people's codes differ between periods; None of few."""
    if variable.type == VariableType.SCALE or not any(unit.people for unit in sample.units):
        return None

    subject = CodedSubject(sample, variable, keyword, "", grain=run.grain)
    tail = read_level(run, sample, PEOPLE) / 2
    pooled = [pool_shares(run, subject, category, tail) for category in list_categories(variable)]
    return min((found.p_value for found in pooled if found is not None), default=None)


def figure_prefix(sample: CodedSample) -> str:
    """Return how the names of the figures of a codebook's estimates begin."""
    return f"codes-{sample.codebook.short_hash}-"


def _draw_share(row: EstimateRow) -> EstimatedShare:
    return EstimatedShare(name_sample_period(row.period or ""), row.estimate, row.low, row.high)
