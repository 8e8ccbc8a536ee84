"""The shapes of what commands print with ``--json``: ``docs/reference/json.md`` is made from them.

Each key is annotated with its type and its meaning.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

UnixTime = Annotated[float, "Seconds since 1970, UTC."]
MayBeUnixTime = Annotated[float | None, "Seconds since 1970, UTC; null if it has not happened."]
Month = Annotated[str, "A month, `YYYY-MM`."]
RunNumber = Annotated[int, "Number of the run."]
RunName = Annotated[str | None, "Name of the run."]
RunState = Annotated[
    str, "`queued`, `running`, `waiting`, `done`, `failed`, `cancelled` or `paused`."
]
JobCounts = Annotated[dict[str, int], "Number of jobs by state, the job of the report included."]
ReportProgress = Annotated[
    str | None, "How far the report of an ended run is; null if it is finished or not to be made."
]


class RunCost(TypedDict):
    """What a run was charged for language models."""

    currency: Annotated[str, "As EUR."]
    charged: Annotated[float, "In the currency; a call without an answer at most."]
    max: Annotated[float | None, "Cap on it."]


class RunListing(TypedDict):
    """A run; the newest is the first."""

    run: RunNumber
    name: RunName
    kind: Annotated[str, "`months`, `handles`, `search` or `training`."]
    state: RunState
    jobs: JobCounts
    created_at: UnixTime
    cost: Annotated[RunCost | None, "Null if the run asks no language model."]
    report: ReportProgress


class StepStatus(TypedDict):
    """A step of a job that has ended."""

    step: Annotated[str, "Name of the step."]
    state: Annotated[str, "`complete`, `failed` or `no-data`."]
    reason: Annotated[str | None, "Why."]
    documents: Annotated[int, "Number of documents that it read."]


class JobStatus(TypedDict):
    """A job."""

    job: Annotated[str, "Natural name: `2020-03`, `@nasa`, `search:TERM`, a training, `report`."]
    kind: Annotated[str, "The name of its Celery task."]
    state: Annotated[str, "As of a run."]
    result: Annotated[
        str | None, "`no-data` if there was nothing to work on, `no-codes` if no text got a code."
    ]
    reason: Annotated[str | None, "What it waits for, or why it failed."]
    steps: list[StepStatus]


class CodesOfRun(TypedDict):
    """What a language model made of the texts of a run."""

    texts: Annotated[int, "Texts that it has answered about."]
    uncoded: Annotated[
        dict[str, int], "Those that got no code, by state: `refused`, `cut off`, `invalid`."
    ]


class RunStatus(TypedDict):
    """The state of a run; `--watch` prints one on a line each second."""

    run: RunNumber
    name: RunName
    kind: Annotated[str, "`months`, `handles`, `search` or `training`."]
    state: RunState
    reason: Annotated[str | None, "Why it is paused."]
    jobs: JobCounts
    waiting_for: Annotated[str | None, "What keeps it from moving, or made it fail."]
    calls: Annotated[int, "Calls made so far."]
    max_calls: Annotated[int | None, "Cap on calls."]
    cost: Annotated[RunCost | None, "Null if the run asks no language model."]
    progress: Annotated[float, "Share that is done, 0 to 1; without its report."]
    details: list[JobStatus]
    report: ReportProgress
    codes: Annotated[CodesOfRun | None, "Null if no language model codes its texts."]
    slots: Annotated[
        int | None, "How many jobs the workers of its queues do at once; null if no job is left."
    ]


class TokenCounts(TypedDict):
    """Tokens and their cost."""

    tokens_in: Annotated[int, "Tokens of prompts."]
    tokens_out: Annotated[int, "Tokens of answers."]
    cost: Annotated[int, "In millionths of the currency."]


class ModelFigures(TypedDict):
    """What the calls of a language model take."""

    calls: Annotated[int, "Calls to make."]
    currency: Annotated[str, "As EUR."]
    price: Annotated[str, "The price as it is set."]
    bound: TokenCounts
    expected: Annotated[TokenCounts | None, "Null if too few answers are stored."]
    error: Annotated[float | None, "Half the width of its 95 % interval, as a share."]
    learned_from: Annotated[int, "Number of stored answers that it rests on."]


class PlanFigures(TypedDict):
    """The calls that a run would make."""

    documents: Annotated[int, "Documents of all jobs."]
    calls_needed: Annotated[int, "Calls that the run needs in all."]
    calls_answered: Annotated[int, "Those of them whose answers are stored."]
    calls_to_make: Annotated[int, "The others."]
    by_operation: Annotated[dict[str, int], "Calls to make, by operation."]
    needed_by_operation: Annotated[dict[str, int], "Calls needed, by operation."]
    seconds: Annotated[float, "Time at the limits; 0 if none binds."]
    ends_at: Annotated[str | None, "When that time is over, if it began now."]
    binding_limit: Annotated[str | None, "The limit that decides the time."]
    binding_service: Annotated[str | None, "The service that it is of."]
    exact: Annotated[bool, "Whether the calls will be exactly these if nothing fails."]
    model: Annotated[ModelFigures | None, "Null if the run asks no language model."]
    remarks: Annotated[list[str], "What the figures leave out."]


class SampleFigures(TypedDict):
    """What a sample takes that a model codes until its shares are known (`--within SHARE`)."""

    within: Annotated[float, "Half the width of the wanted intervals, as a share."]
    texts: Annotated[int, "Texts that it takes."]
    population: Annotated[int, "Texts from which it is drawn."]
    texts_for_half: Annotated[int, "Texts that half the width takes."]
    basis: Annotated[str, "What the figures are planned from."]
    assumed: Annotated[
        dict[str, int], "Texts by assumed share of a category; empty if stored codes tell."
    ]
    currency: Annotated[str, "As EUR; empty if the texts cost nothing."]
    cost: Annotated[int | None, "In millionths of the currency; null if the texts cost nothing."]
    is_expected: Annotated[bool, "Whether it is expected; else it is the most."]
    cost_for_half: Annotated[int | None, "Cost of the texts for half the width."]
    remarks: Annotated[list[str], "What a sample of such a size does not tell."]


class RunPlan(PlanFigures):
    """What a run would ask."""

    sample: Annotated[SampleFigures | None, "Null if the size of no sample is to be found."]


class CallCounts(TypedDict):
    """The calls of an operation."""

    calls: Annotated[int, "Calls made."]
    retries: Annotated[int, "Those that were repeated after a failure."]
    maybe_twice: Annotated[int, "Those that may have been made twice."]
    answers_reused: Annotated[int, "Answers that were stored already."]


class PlanComparison(TypedDict):
    """What a run needs, beside what it has asked."""

    run: RunNumber
    planned: PlanFigures
    made: Annotated[dict[str, CallCounts], "By operation."]


class BulkDay(TypedDict):
    """A day with more than three times the documents of a full day."""

    day: Annotated[str, "`YYYY-MM-DD`."]
    documents: Annotated[int, "Its documents."]
    full_day: Annotated[int, "Documents of a full day of that weekday."]


class SourceListing(TypedDict):
    """What is stored of a source."""

    source: Annotated[str, "Name of the source."]
    documents: Annotated[int, "Its documents."]
    undated: Annotated[int, "Documents that belong to no month."]
    first: Annotated[str | None, "First month with a document."]
    last: Annotated[str | None, "Last month with a document."]
    months: Annotated[dict[str, int], "Documents by month."]
    gaps: Annotated[list[list[str]], "First and last month of each stretch without documents."]
    bulk_days: list[BulkDay]
    missing_days: Annotated[list[list[str]], "First and last day of each stretch of missing days."]


class NameCount(TypedDict):
    """A name with its documents."""

    name: Annotated[str | None, "The name; null for documents without one."]
    documents: Annotated[int, "Its documents."]


class HandleCounts(TypedDict):
    """The accounts that posts are of."""

    handles: Annotated[int, "Number of accounts."]
    documents: Annotated[int, "Their posts."]
    most: list[NameCount]


# Its first key is no name in Python.
ImportListing = TypedDict(
    "ImportListing",
    {
        "import": Annotated[int, "Number of the import."],
        "path": Annotated[str, "File, month or account that was read."],
        "source": Annotated[str, "Sources, separated by commas."],
        "read": Annotated[int, "Documents read."],
        "added": Annotated[int, "Those that were new."],
        "empty": Annotated[int, "Documents without a text."],
        "left_out": Annotated[int, "What could not be read."],
        "at": UnixTime,
    },
)
ImportListing.__doc__ = "An import; the newest is the first."


class StoredListing(TypedDict):
    """What the database holds."""

    documents: Annotated[int, "All documents."]
    sources: list[SourceListing]
    names: Annotated[
        dict[str, list[NameCount]], "By `outlet`, `section`, `desk`, `material`, `language`."
    ]
    handles: HandleCounts
    imports: list[ImportListing]


class ImportCounts(TypedDict):
    """What an import read."""

    read: Annotated[int, "Documents read."]
    added: Annotated[int, "Those that were new."]
    known: Annotated[int, "Those that were stored already."]
    conflicts: Annotated[int, "Not stored, since another text has their id or address."]
    two_dates: Annotated[int, "Documents that stand in two months; the first date counts."]
    completed: Annotated[int, "Stored documents that were completed."]
    forgotten: Annotated[int, "Not stored, since they were forgotten on request."]
    empty: Annotated[int, "Documents without a text."]
    left_out: Annotated[int, "What could not be read; the exit status is 3 if there is any."]
    wrong_times: Annotated[int, "Documents whose time cannot be right."]
    empty_times: Annotated[int, "Documents without a time."]
    replaced_characters: Annotated[int, "Characters that no database stores."]
    resumed: Annotated[dict[str, int], "Record offset at which a file was read on, by file."]


class EventListing(TypedDict):
    """A month or a week that departs from the past of its series; the exit status is 10 then."""

    id: Annotated[str, "The same for the same event."]
    period: Annotated[str, "Month `YYYY-MM` or week `YYYY-Www`."]
    kind: Annotated[str, "What departs."]
    subject: Annotated[str, "Keyword or account."]
    term: Annotated[str | None, "Word, where it is of one."]
    before: Annotated[float, "Usual value."]
    now: Annotated[float, "Value of the period."]
    months_before: Annotated[int, "Number of usual months, or weeks, before."]
    new: Annotated[bool, "Whether the last update of a watched run brought it."]
    first_seen: Annotated[str | None, "When a watch saw it first."]
    text: Annotated[str, "The event in words."]
    grain: Annotated[str, "`month` or `week`."]


class WatchListing(TypedDict):
    """A watched run."""

    run: RunNumber
    name: RunName
    state: RunState
    every: Annotated[str, "`day`, `week` or `month`."]
    max_calls: Annotated[int | None, "Calls between two times at most."]
    checked_at: MayBeUnixTime
    due_at: UnixTime
    updates: Annotated[int, "How often something was queued."]


class ExampleText(TypedDict):
    """A text with the code that it should get."""

    text: Annotated[str, "The text."]
    code: Annotated[str, "Its code."]


# One of its keys is a word of Python.
CodebookVariable = TypedDict(
    "CodebookVariable",
    {
        "name": Annotated[str, "Name of the variable."],
        "question": Annotated[str, "What coders are asked."],
        "type": Annotated[str, "Type of the variable."],
        "if": Annotated[str | None, "When it is asked."],
        "codes": Annotated[list[str], "Its codes."],
        "keys": Annotated[dict[str, str], "Code by key."],
        "definitions": Annotated[dict[str, str], "Meaning by code."],
        "examples": list[ExampleText],
    },
)
CodebookVariable.__doc__ = "A variable of a codebook."


class CodebookListing(TypedDict):
    """A codebook as coders see it."""

    name: Annotated[str, "Name of the codebook."]
    hash: Annotated[str, "SHA-256 of what it asks."]
    unit: Annotated[str, "What is coded."]
    language: Annotated[list[str], "Languages of its texts; none for all."]
    asks_of_keyword: Annotated[bool, "Whether each keyword is asked of by itself."]
    instructions: Annotated[str | None, "What coders are told before they begin."]
    variables: list[CodebookVariable]


class VerificationResult(TypedDict):
    """What was compared in a pack; the exit status is 1 if anything differs."""

    run: RunNumber
    kind: Annotated[str, "Kind of the run."]
    made_by: Annotated[str, "Version that packed it."]
    checked_by: Annotated[str, "Version that checked it."]
    texts: Annotated[bool, "Whether it has the texts."]
    files: Annotated[int, "Number of files."]
    sha256: Annotated[str, "SHA-256 of the archive."]
    recomputed: Annotated[list[str], "Tables that were computed again."]
    figures_drawn: Annotated[int, "Files that were drawn again."]
    not_checked: Annotated[dict[str, str], "Reason by what was not checked."]
    problems: Annotated[list[str], "What differs."]
    given: Annotated[list[str], "What is taken as given."]
    equal: Annotated[bool, "Whether nothing differs."]


class PartCheck(TypedDict):
    """A part of the stack; the exit status is 1 if any has a problem."""

    part: Annotated[str, "Name of the part."]
    problem: Annotated[str | None, "What is wrong and what to do; null if it works."]


Prediction = Annotated[
    dict[str, Any],
    "`index` of the input and `predicted`; of series also `actual`; of codes a key for each "
    "variable, and `VARIABLE probability`.",
]

SHAPES: dict[str, Any] = {
    "codebook check": CodebookListing,
    "doctor": list[PartCheck],
    "events": list[EventListing],
    "import": ImportCounts,
    "plan handles": RunPlan,
    "plan months": RunPlan,
    "plan run": PlanComparison,
    "plan search": RunPlan,
    "predict": list[Prediction],
    "runs": list[RunListing],
    "status": RunStatus,
    "stored": StoredListing,
    "verify": VerificationResult,
    "watch": list[WatchListing],
}
