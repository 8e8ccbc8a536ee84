"""The page on what readers would say, by a codebook: a validity card, and a section a variable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.codebooks.codebook import Codebook, CodedUnit, Variable
from reports.data.coded_samples import PEOPLE, CodedSample, read_coded_samples
from reports.data.estimate_rows import EstimateRow
from reports.data.estimate_strata import Method, list_methods
from reports.data.machine_codings import MachineCoding, read_machine_codings
from reports.data.run_data import RunData
from reports.data.searched_texts import read_models_search
from reports.data.tables.estimates import read_estimates
from reports.figures.figure_store import FigureStore
from reports.findings.code_estimates import (
    list_statements,
    state_coding,
    state_differences,
    state_search,
)
from reports.findings.finding import Finding
from reports.pages.estimate_tables import EstimateTable, make_table
from reports.pages.shown_estimates import choose_method, choose_periods
from reports.pages.validity_card import ValidityCard, make_card

CODES_PAGE, CODES_TITLE = "codes.html", "What readers say"
MACHINES_TITLE = "What machines say"
# The front page has at most so many sentences of a codebook.
STATEMENTS_SHOWN = 3


@dataclass(frozen=True)
class CodebookSection:
    """All that the page says of a codebook."""

    card: ValidityCard
    findings: Sequence[Finding]
    tables: Sequence[EstimateTable]


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
    def readers(self) -> int:
        """How many people have coded anything."""
        return len({name for section in self.sections for name, _ in section.card.people})

    @property
    def title(self) -> str:
        """The page's title."""
        return CODES_TITLE if self.has_people else MACHINES_TITLE

    @property
    def contents(self) -> str:
        """What the page holds, in a few words."""
        if not self.has_people:
            return "the codes that machines gave, not checked against people"

        measured = any(section.card.keywords for section in self.sections)
        of_keywords = ", and how right keywords are" if measured else ""
        return f"what people who coded a sample would say of all{of_keywords}"

    @property
    def statements(self) -> list[Finding]:
        """What the front page says of people's codes: the first sentences of each codebook."""
        return [
            finding
            for section in self.sections
            if section.card.people
            for finding in section.findings[:STATEMENTS_SHOWN]
        ]

    @property
    def unchecked(self) -> list[Finding]:
        """What the front page says of machines' codes that were not checked against people's."""
        found = [section.findings for section in self.sections if not section.card.people]
        found += [section.findings for section in self.codings]
        return [finding for findings in found for finding in findings[:STATEMENTS_SHOWN]]


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
    findings = list_statements(run, sample, shown, unit)
    findings += state_differences(run, sample, method)
    tables = [
        make_table(run, sample, variable, keyword, shown, unit, store)
        for variable in sample.codebook.variables
        for keyword in sample.keywords
    ]
    card = make_card(run, sample, rows, shown, unit, method)
    return CodebookSection(card, findings, tables)


def _find_method(run: RunData, sample: CodedSample, shown: Sequence[EstimateRow]) -> Method:
    """Return the method of the shares that are shown of people; their codes alone without any."""
    shown_words = {row.method for row in shown if row.measure == "share"}
    methods = (method for method in list_methods(run, sample) if method.words in shown_words)
    return next((method for method in methods if method.reader == PEOPLE), Method())
