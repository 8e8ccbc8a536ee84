"""Names that packages share: queues, states, steps, grains and groups of series."""

from __future__ import annotations

from enum import StrEnum

QUEUE_TEXT = "text"
QUEUE_TRAINING = "training"
QUEUE_REPORTS = "reports"
QUEUES = (QUEUE_TEXT, QUEUE_TRAINING, QUEUE_REPORTS)


class JobKind(StrEnum):
    """The kinds of jobs that the database's own queries name; `analysis.kinds` has all of them."""

    MONTH = "month"
    HANDLE = "handle"
    REPORT = "report"


class State(StrEnum):
    """The state of a run or a job."""

    # A worker may claim it as soon as it is due.
    QUEUED = "queued"

    # A worker holds its lease.
    RUNNING = "running"

    # It is not due yet: `due_at` and `reason` say until when and for what.
    WAITING = "waiting"

    # Every step has its result, "no data" included.
    DONE = "done"

    # `reason` says why; `tidings retry` queues it again.
    FAILED = "failed"

    # A person ended it for good.
    CANCELLED = "cancelled"

    # Nothing new starts until `tidings resume`.
    PAUSED = "paused"


class WaitFor(StrEnum):
    """What a waiting job waits for, where that is more than a time."""

    SERVICE = "service"
    OTHER_JOBS = "other jobs"

    # All jobs over texts of the run have to end first.
    END_OF_JOBS = "end of jobs"


class ActKind(StrEnum):
    """What a person did, as the table of acts has it."""

    SUBMIT = "submit"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    CANCEL = "cancel"
    CAP = "cap"
    FORGET = "forget"
    LIFT = "lift"
    CODE = "code"
    LIMITS = "limits"


class PayerKind(StrEnum):
    """Who is charged what runs cost."""

    PERSON = "person"
    PURSE = "purse"


ENDED = (State.DONE, State.FAILED, State.CANCELLED)


class Within(StrEnum):
    """The unit of text that a query has to match."""

    SENTENCE = "sentence"
    DOCUMENT = "document"


# The ledger's name of a term has this sign before the part of documents that was searched for it.
PART_SIGN = "\x1f"


class TextPart(StrEnum):
    """What a run reads of an archive's document."""

    HEADLINE = "headline"

    # Only documents with an abstract are read.
    ABSTRACT = "abstract"

    # The abstract follows in a line of its own, if there is one.
    BOTH = "both"

    def ledger_term(self, term: str) -> str:
        """Return the ledger's name of a term; in headlines it is the term itself."""
        return term if self == TextPart.HEADLINE else f"{term}{PART_SIGN}{self}"


# This is the first part of every job over texts, before its steps.
DOCUMENTS = "documents"


class StepState(StrEnum):
    """The outcome of a step; a step without a row was not requested or not reached."""

    COMPLETE = "complete"
    FAILED = "failed"
    NO_DATA = "no-data"


class CodeState(StrEnum):
    """How a coder answered a variable of a codebook."""

    CODED = "coded"

    # The coder read the text and has no code for it: the reason says why.
    CANNOT_BE_CODED = "cannot be coded"

    # A language model declined to answer.
    REFUSED = "refused"

    # A language model's answer ended before it was complete.
    CUT_OFF = "cut off"

    # A language model's answer is none of the codes.
    INVALID = "invalid"


# The name of a coder that is a language model ends with what its server calls it.
MODEL = "model:"

# An answer of such a state gives a text no code.
UNUSABLE = frozenset({CodeState.REFUSED, CodeState.CUT_OFF, CodeState.INVALID})

# The result of a job that is done and none of whose texts got a code.
NO_CODES = "no-codes"


class CodingProgram(StrEnum):
    """A program in which samples are coded, for which they are written in its own format."""

    LABEL_STUDIO = "label-studio"


class UncodedReason(StrEnum):
    """Why a coder has no code for a text."""

    UNCLEAR = "unclear"
    OTHER_LANGUAGE = "other language"
    TOO_SHORT = "too short"


class ReadBy(StrEnum):
    """How a text came to be read in a search."""

    # Somebody had coded it before.
    KNOWN = "known"

    # It stood at the top of the ranking.
    RANK = "rank"

    # It was drawn from all that were unread.
    CHANCE = "chance"


class SamplePart(StrEnum):
    """A part of the texts of a period, from which a sample is drawn at a rate of its own."""

    # The keyword is in the text.
    MENTION = "mention"

    # The keyword is not in the text, but words that stand out where it is.
    NEAR_MISS = "near miss"

    # All other texts. Of a sample by rank they are the likeliest, the next ones, and what is left.
    REST = "rest"
    REST_1 = "rest 1"
    REST_2 = "rest 2"
    REST_3 = "rest 3"
    REST_4 = "rest 4"

    # All texts of the period: of mentions or posts there are no parts.
    ALL = "all"

    @property
    def is_rest(self) -> bool:
        """Whether it is the rest, or one of its classes."""
        return self.startswith(SamplePart.REST)

    @property
    def kind(self) -> SamplePart:
        """What a text is, whatever its class: of the classes of the rest it is `REST`."""
        return SamplePart.REST if self.is_rest else self


class AnalysisProgram(StrEnum):
    """The programs for which codes are written with all texts of a run."""

    DSL = "dsl"


class SampleRule(StrEnum):
    """By which rule a sample is drawn; one that grows keeps the rule with which it began."""

    # A text has one random number for all periods, the first of equal texts stands for all, and
    # near misses are told by words that stand out.
    TEXT = "text"

    # A text has a random number for each period, one of equal texts is drawn by chance, and near
    # misses are told by all words and the section.
    PERIOD = "text and period"

    # As by `PERIOD`; and the rest has classes by its words, which are drawn at rates of their own.
    RANK = "text, period and rank"


class SampleGoal(StrEnum):
    """What a sample is to tell best, by which its first codes are divided."""

    SHARE = "share"
    RECALL = "recall"
    PRECISION = "precision"
    MONTHS = "months"


class SamplePeriod(StrEnum):
    """The periods between which a sample of texts is shared out evenly."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"

    def of_month(self, month: str) -> str:
        """Return the period that a month "YYYY-MM" is in; "" for the whole run."""
        if self == SamplePeriod.MONTH:
            return month
        if self == SamplePeriod.QUARTER:
            return f"{month[:4]}-Q{(int(month[5:7]) + 2) // 3}"

        return month[:4] if self == SamplePeriod.YEAR else ""

    @classmethod
    def that_has(cls, period: str) -> SamplePeriod:
        """Return what kind of period *period* is, which `of_month` has returned."""
        if not period:
            return cls.ALL
        if len(period) == len("2020"):
            return cls.YEAR

        return cls.QUARTER if "Q" in period else cls.MONTH


class Grain(StrEnum):
    """The length of the periods of a series."""

    DAY = "day"
    # Weeks are those of ISO 8601, Monday to Sunday.
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Grouping(StrEnum):
    """The property by which the documents of a run of months are grouped."""

    OUTLET = "outlet"
    SECTION = "section"
    # The column is `material`.
    KIND = "kind"
