"""The words that stand out: bars to the right for more use than elsewhere, else to the left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.data.tables.distinctive import DistinctiveRow
from reports.figures import style
from reports.figures.bars import draw_bars
from reports.figures.marks import Axis, Chart, Layer, Mark, Picture, name_row
from reports.figures.spec import FigureSpec, Subject
from reports.words.document_queries import DocumentQuery
from reports.words.periods import month_name
from reports.words.quantities import quantity

BARS_SHOWN = 24

# A random choice of documents hardly has a larger |G²|: of 540 choices of 30 to 1,000
# headlines from real months of 4,300 to 5,000, 0.7 % had a word above 20, 9 % one above 15.
OF_CHANCE = 20


def standing_out(word_rows: Iterable[DistinctiveRow]) -> list[DistinctiveRow]:
    """Return the words whose |G²| is more than chance alone gives."""
    return [word_row for word_row in word_rows if abs(word_row.g2) >= OF_CHANCE]


def list_uses(word_rows: Iterable[DistinctiveRow], than: str) -> dict[str, str]:
    """Return the words that stand out, used more and used less *than* elsewhere.

    The largest |G²| come first. The figure of a word is the number of documents that hold it.
    """
    lists: dict[str, list[str]] = {"more": [], "less": []}
    for word_row in sorted(
        standing_out(word_rows), key=lambda word_row: (-abs(word_row.g2), word_row.word)
    ):
        lists["more" if word_row.g2 > 0 else "less"].append(
            f"{word_row.word} {word_row.documents:,}"
        )

    uses = {}
    for degree, entries in lists.items():
        if entries:
            uses[f"Used {degree} {than}"] = " · ".join(entries)

    return uses


def describe_lists(holding: str) -> str:
    """Return the note below the lists of words that stand out; *holding* are the counted texts."""
    return (
        f"The figure behind a word is the number of {holding} with it. The clearest words come "
        f"first, those with a log-likelihood ratio G² of {OF_CHANCE} and more; the table "
        "distinctive has the ten largest."
    )


def no_word_stands_out(word_rows: Sequence[DistinctiveRow]) -> str:
    """Return a page's note if words were compared and none stands out; else nothing."""
    if not word_rows or standing_out(word_rows):
        return ""

    return (
        f"No word stands out: none has a |G²| of {OF_CHANCE} or more, and chance alone gives some "
        "up to about that."
    )


def distinctive_spec(
    subject: Subject, word_rows: Sequence[DistinctiveRow], *, compared_with: str, job_noun: str
) -> FigureSpec | None:
    """Declare the figure of the words with the largest |G²| of all jobs of *word_rows*.

    *job_noun* is what a job is called. Where there are several jobs, a label names the word's
    month. None where no word stands out.
    """
    strongest = sorted(
        standing_out(word_rows),
        key=lambda word_row: (-abs(word_row.g2), word_row.job, word_row.word),
    )[:BARS_SHOWN]
    if not strongest:
        return None

    strongest.sort(key=lambda word_row: word_row.g2, reverse=True)
    has_months = len({word_row.job for word_row in word_rows}) > 1
    marks = []
    for word_row in strongest:
        month = f"  {month_name(word_row.job, '%b %Y')}" if has_months else ""
        used = "more" if word_row.g2 > 0 else "less"
        mark = Mark(
            position=f"{word_row.word}{month}",
            value=word_row.g2,
            n=word_row.documents,
            title=f"{word_row.word}{month}: used {used} than elsewhere, G² {word_row.g2:.0f}, in "
            f"{quantity(word_row.documents, 'document')}",
            row=name_row("distinctive", word_row.job, subject.slug, word_row.word),
            documents=_find_documents(subject, word_row),
        )
        marks.append(mark)

    more = [mark for mark in marks if (mark.value or 0) > 0]
    less = [mark for mark in marks if (mark.value or 0) < 0]
    chart = Chart(
        layers=[
            Layer(draw=draw_bars, marks=more),
            Layer(draw=draw_bars, marks=less, color=style.VERMILLION),
        ],
        title=f"Words that stand out: {subject.name}",
        sub=f"against {compared_with}",
        names=[str(mark.position) for mark in marks],
        values=Axis(name="G²: right is more use than elsewhere"),
    )

    examples = ", ".join(word_row.word for word_row in strongest[:8])
    return FigureSpec(
        name=f"{subject.slug}-distinctive",
        picture=Picture(panels=[chart]),
        alt=f"Diverging bars of the words that stand out most: {examples}.",
        caption="Dunning's log-likelihood ratio G² of each word's use here and there: a larger "
        "bar is a difference that chance explains less. Common function words and the subject's "
        "own terms are left out; a word stands in at least three documents. With so many words "
        f"compared, chance alone gives some up to about {OF_CHANCE}: only larger ones are drawn. "
        f"distinctive.csv holds the ten largest of each {job_noun}.",
    )


def _find_documents(subject: Subject, word_row: DistinctiveRow) -> DocumentQuery | None:
    """Return the documents of the job that hold the word; a subject of posts has one job."""
    if subject.documents is None or subject.documents.job is not None:
        return subject.find(word=word_row.word)

    return subject.find(word=word_row.word, period=word_row.job)
