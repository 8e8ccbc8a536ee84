"""The data dictionary: what each column of each export means, for people who get the files without the program."""

from __future__ import annotations

_RUN = "Number of the run."
_JOB = "Natural name of the job: a month `2020-03`, a handle `@nasa`, `search:TERM`, or a training."
_KEYWORD = "Name of the keyword; null for handles and searches."

DICTIONARY: dict[str, tuple[str, dict[str, str]]] = {
    "mentions": (
        "One row per sentence of a document that holds a term of a keyword, per keyword and term.",
        {
            "run": _RUN,
            "period": "Month, UTC, of `published_at`.",
            "handle": "Handle of the document's author, without @; null for news.",
            "document": "Identity of the document: its source and native id, else its source and a hash.",
            "published_at": "When the document was published, UTC; null where its service cannot have meant the time.",
            "address": "Web address of the document; null where none is known.",
            "keyword": "Name of the keyword.",
            "term": "The term of the keyword that the sentence holds.",
            "position": "Number of the sentence in its document, from 1.",
            "sentence": "The sentence as it stands in the document.",
            "text": "The whole document.",
            "polarity": "Polarity of the sentence, from -1 to 1, as the Text API gave it; null where it was not "
            "asked for or has not come yet.",
        },
    ),
    "periods": (
        "One row per month and keyword (all terms together) and per month and term; of posts, per month.",
        {
            "run": _RUN,
            "period": "Month, UTC.",
            "handle": "Handle, without @; null for months and searches.",
            "keyword": "Name of the keyword; the term of a search; null for handles.",
            "term": "Term of the keyword; null in the row of all terms together, where a sentence counts once, and for "
            "handles and searches.",
            "state": "`complete`; `failed`: documents, keywords or polarity are not complete and `coverage` says why; "
            "`no-data`: no document to look at, which is no zero; null while the job is not through.",
            "documents": "Documents of the month, after the choice of material; posts of the handle or search.",
            "matched": "Documents with at least one mention (all of them for handles and searches). Null where it is "
            "not known: no data, or keywords not complete.",
            "mentions": "Mentioning sentences (posts for handles and searches); null as `matched`.",
            "share": "matched / documents; null as `matched` and where there are no documents.",
            "share_low": "Lower end of the Wilson 95 % interval of the share.",
            "share_high": "Upper end of the Wilson 95 % interval of the share.",
            "polarity_mean": "Mean polarity of the mentioning sentences (posts); null where there are none, and where "
            "polarity was not asked for or is not complete.",
            "polarity_low": "Lower end of Student's 95 % interval of the mean; null where there are fewer than two.",
            "polarity_high": "Upper end of Student's 95 % interval of the mean; null where there are fewer than two.",
        },
    ),
    "phrases": (
        "The most common phrases of each job and keyword.",
        {
            "run": _RUN,
            "job": _JOB,
            "keyword": _KEYWORD,
            "rank": "1 for the most common; ties by the phrase.",
            "phrase": "The phrase.",
            "count": "Documents of the job that hold the phrase, case ignored.",
        },
    ),
    "entities": (
        "Named entities of each job and keyword, for the whole job and for each month.",
        {
            "run": _RUN,
            "job": _JOB,
            "keyword": _KEYWORD,
            "period": "Month, UTC; null in the rows of the whole job.",
            "rank": "1 for the most common; ties by name.",
            "type": "What kind of entity it is, PERSON say.",
            "name": "The entity.",
            "count": "How often it was named.",
            "spellings": "The ways it was written; in CSV as a JSON list.",
        },
    ),
    "summaries": (
        "The summary of each job and keyword.",
        {
            "run": _RUN,
            "job": _JOB,
            "keyword": _KEYWORD,
            "summary": "The sentences that say most.",
            "polarity": "Mean polarity of the sentences that mention the keyword, or of the job's posts; null where "
            "none is known.",
        },
    ),
    "documents": (
        "The documents that the run worked on, after the choice of material, each once.",
        {
            "run": _RUN,
            "document": "Identity of the document: its source and native id, else its source and a hash.",
            "source": "Where it comes from: nyt, x, bluesky, mastodon, …",
            "handle": "Handle of its author, without @; null for news.",
            "published_at": "When it was published, UTC; null where its service cannot have meant the time.",
            "address": "Web address; null where none is known.",
            "text": "The whole text.",
            "polarity": "Polarity of the post, from -1 to 1; null for news, whose sentences have theirs in `mentions`.",
        },
    ),
    "coverage": (
        "What came of each step of each job; a step that has no row was never asked for.",
        {
            "run": _RUN,
            "job": _JOB,
            "step": "documents, keywords, polarity, phrases, entities or summary.",
            "state": "`complete`, `failed` or `no-data`; null where the job has not come to the step.",
            "reason": "Why it failed, or why there is no data.",
            "documents": "Documents that the step worked on; null where the job has not come to it.",
        },
    ),
    "epochs": (
        "The course of each training.",
        {
            "run": _RUN,
            "job": _JOB,
            "epoch": "Number of the pass over the training data.",
            "train_loss": "Loss on the training data; null where it grew past all numbers.",
            "validation_loss": "Loss on the validation data; null where there is none.",
            "accuracy": "Share of the test split that is told rightly; null for a recurrent network.",
            "seconds": "Time that the epoch took.",
        },
    ),
    "predictions": (
        "What each trained network says of each example.",
        {
            "run": _RUN,
            "job": _JOB,
            "split": "train, validation or test.",
            "index": "Number of the example in its split.",
            "actual": "What is so.",
            "predicted": "What the network says.",
        },
    ),
    "trainings": (
        "One row per training, with a column per option after `job`: network, data, others by name; lists with commas.",
        {
            "run": _RUN,
            "job": _JOB,
            "train_rmse": "Root mean square error on the training data.",
            "validation_rmse": "Root mean square error on the validation data.",
            "accuracy": "Share of the test split that is told rightly; null for a recurrent network.",
            "baseline_mean": "Error of a forecast that always says the mean.",
            "baseline_last": "Error of a forecast that repeats the last value.",
            "baseline_recurrence": "Error of a forecast by a fitted linear recurrence.",
        },
    ),
    "calls": (
        "Calls that the run made, by service and operation.",
        {
            "run": _RUN,
            "service": "textapi, nyt, x, bluesky or mastodon.",
            "operation": "What was asked of the service.",
            "calls": "Attempts that were sent, retries among them.",
            "answers_reused": "Answers that were there already and cost no call.",
            "retries": "Attempts after a failed one.",
            "maybe_twice": "Calls repeated because nobody knows whether the first was answered.",
            "seconds": "Time spent waiting for answers, all calls together.",
        },
    ),
}

_HEAD = """\
# Data dictionary

Each table comes as JSONL, CSV and Parquet with the same columns, rows and order: by the columns that tell its rows
apart, text by code points, null first. Times are `YYYY-MM-DDTHH:MM:SSZ`, months `YYYY-MM`, both UTC.

- JSONL: one object a line, UTF-8.
- CSV: UTF-8 with signature, quoted as RFC 4180 says, lines end with CR LF, null is empty, a list is JSON. A text that
  begins with `=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe before it, so that no spreadsheet program
  takes it for a formula; numbers are as they are.
- Parquet: text, 64-bit integers and floating-point numbers, lists of text.

Shares, means and their intervals are rounded to 6 places. Polarities of sentences and posts are as the Text API gave
them. The same run on the same texts gives the same bytes, the columns `run` and `seconds` and the table `calls` aside.
"""


def markdown() -> str:
    """The dictionary as one page of Markdown."""
    parts = [_HEAD]
    for table, (what, columns) in DICTIONARY.items():
        rows = [f"| `{column}` | {meaning} |" for column, meaning in columns.items()]
        parts.append(
            "\n".join(
                [f"## {table}", "", what, "", "| column | meaning |", "| --- | --- |", *rows, ""]
            )
        )
    return "\n".join(parts)
