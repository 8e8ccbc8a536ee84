"""What an estimate from codes rests on, in sentences: what was read, errors, and other periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.data.estimate_rows import POOLED, EstimateRow, ReadTexts
from reports.stats.coder_errors import CoderErrors
from reports.stats.intervals import LEVEL
from reports.words.periods import name_sample_period
from reports.words.quantities import format_about, format_share, format_shares
from reports.words.writing import write_sentence


def state_number(row: EstimateRow) -> str:
    """State a share of all texts, and the ends of its interval, as numbers of texts."""
    shares = row.estimate, row.low, row.high
    count, fewest, most = (share * row.n_population for share in shares)
    if row.estimate < row.high and not row.estimate:
        return write_sentence("none as a number", most=most)
    if format_about(fewest) == format_about(most):
        is_known = row.low == row.high
        return write_sentence("share as a number", count=round(count), is_known=is_known)
    return write_sentence("share as numbers", count=count, fewest=fewest, most=most)


def state_read(
    parts: Sequence[ReadTexts],
    category: str,
    keyword: str,
    unit: str,
    missed: float | None,
    *,
    is_even: bool = True,
) -> str:
    """State how many of the texts that were read have an answer, with the keyword and without it.

    *missed* is the share of all texts that may have it without the keyword, at most. Without
    *is_even* texts of some periods were read more often than those of others.
    """
    read = [part for part in parts if part.answered]
    figures = {
        "keyword": keyword,
        "unit": unit,
        "is_even": is_even,
        "are_differing": any(
            part.given.get(category, 0) > part.answers.get(category, 0) for part in read
        ),
    }
    for name, part in zip(("first", "second"), read, strict=False):
        figures |= {f"{name}_read": part.answered, f"{name}_given": part.given.get(category, 0)}

    if len(parts) == 1:
        return write_sentence("read", **figures)
    if len(read) == 1:
        is_with = bool(read[0].has_keyword)
        return write_sentence("read of one kind", **figures, is_with=is_with)

    text = write_sentence("read with and without", **figures)
    if not missed or read[1].given.get(category, 0):
        return text

    left_open = write_sentence(
        "missed at most",
        **figures,
        missed=missed,
        most=missed * sum(part.population for part in parts),
        is_count=read[0].answers.get(category, 0) == read[0].answered,
    )
    return f"{text} {left_open}"


def state_found_errors(row: EstimateRow, unit: str, found: CoderErrors) -> str:
    """State a share without the errors that texts of several readers show."""
    return write_sentence(
        "errors found",
        share=row.estimate,
        corrected=found.corrected.value,
        high=found.corrected.high,
        interval=(found.corrected.low, found.corrected.high),
        is_gone=found.corrected.value == 0,
        false_yes=found.false_yes.value,
        false_no=found.false_no.value,
        n=found.n,
        unit=unit,
    )


def state_assumed_errors(
    row: EstimateRow,
    unit: str,
    moved: Mapping[float, float],
    parts: Sequence[ReadTexts],
    keyword: str,
) -> str:
    """State what a share would be without readers' errors, by the rates that are tried.

    Where they change nothing, state what one error would do in the kind of texts of which each
    stands for the most. Empty where nobody, or everybody, gave the answer.
    """
    if row.estimate in (0, 1):
        return ""

    figures = {"share": row.estimate, "unit": unit}
    left = {
        f"{100 * rate:g}": format_share(share) for rate, share in moved.items() if 0 < share < 1
    }
    explained = [f"{100 * rate:g}" for rate, share in moved.items() if share in (0, 1)]
    sentences = []
    if set(left.values()) == {format_share(row.estimate)}:
        sentences.append(_state_one_error(parts, keyword, unit))
    elif left:
        tried = {"errors": [*left], "corrected": [*left.values()]}
        sentences.append(write_sentence("errors tried", **figures, **tried))
    if explained:
        is_rare = row.estimate < 0.5
        explaining = {"category": row.category, "is_rare": is_rare, "errors": explained[0]}
        sentences.append(write_sentence("errors explain", **figures, **explaining))

    return " ".join(sentences)


def _state_one_error(parts: Sequence[ReadTexts], keyword: str, unit: str) -> str:
    read = [part for part in parts if part.answered]
    part = max(read, key=lambda part: part.population / part.answered)
    weight = part.population / part.answered
    which = {True: f" with {keyword}", False: f" without {keyword}", None: ""}
    return write_sentence(
        "errors leave",
        n=part.answered,
        unit=unit,
        which=which[part.has_keyword],
        weight=weight,
        weight_share=weight / sum(part.population for part in parts),
    )


def state_periods(
    rows: Sequence[EstimateRow], keyword: str, unit: str, p_value: float | None
) -> list[str]:
    """State what the shares of periods rest on; nothing of periods that could not be tested.

    *keyword* names what tells the kinds of texts apart, and is empty without kinds.
    """
    if p_value is None:
        return []

    pooled = [row for row in rows if row.method.endswith(POOLED)]
    if not pooled:
        kind = "periods differ" if p_value < LEVEL else "periods by their own codes"
        return [write_sentence(kind, unit=unit)]

    answers = [f"“{category}”" for category in dict.fromkeys(row.category for row in pooled)]
    kind = "periods by rates of all" if keyword else "periods alike"
    sentences = [write_sentence(kind, keyword=keyword, unit=unit, answers=answers)]
    highest = max(pooled, key=lambda row: row.estimate)
    lowest = min(pooled, key=lambda row: row.estimate)
    if keyword and len(answers) == 1 and highest.estimate > lowest.estimate:
        sentences.append(
            write_sentence(
                "highest and lowest",
                highest=name_sample_period(highest.period or ""),
                lowest=name_sample_period(lowest.period or ""),
                shares=format_shares([highest.estimate, lowest.estimate]),
                are_apart=highest.low > lowest.high,
            )
        )

    return sentences
