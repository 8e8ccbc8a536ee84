"""The runs of ``tidings demo``, and the made-up coders who answer its codebook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sqlalchemy import select

from analysis.codebooks.codebook_files import find_codebook
from analysis.codebooks.stored import stored_codebook
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import Months, MonthsParameters
from analysis.options import Keyword
from cli.messages import inform
from core.enums import Grouping, SamplePeriod
from models.codes import PERSON, CodeValue, Coding, UnitCodes, replace_codes
from models.database import Database
from models.tables import DocumentDetails
from producers.code_sample import SampledText, draw_code_sample
from producers.submit import submit_run
from producers.trainings import plan_training, submit_training
from sources import synthetic

KEYWORDS: Final = tuple(map(Keyword.parse, synthetic.KEYWORDS))

# What a headline is about stands in the first part of it, as the made-up coders see it.
_EARLY: Final = 0.7

# The second coder errs once in so many headlines.
_SLIPS: Final = 11


def submit_runs(db: Database, out: Path) -> dict[Path, int]:
    """Submit a run of each kind; return them by the folder of their report."""
    months = MonthsParameters(
        first=synthetic.FIRST_MONTH,
        last=synthetic.LAST_MONTH,
        keywords=KEYWORDS,
        material="News",
        grouping=Grouping.OUTLET,
    )
    months = Months().choose_polarity_engine(db, months)
    sine = plan_training("recurrent", "sine", {"epochs": "60"})
    accounts = AccountsParameters()
    return {
        out: submit_run(db, months, (), name="Fever, bridge and ferries"),
        out / "accounts": submit_run(db, accounts, synthetic.HANDLES, name="demo: accounts"),
        out / "sine": submit_training(db, *sine, name="demo: a network follows a wave"),
    }


def code_headlines(db: Database, run: int) -> None:
    """Let two made-up coders answer the demo's codebook for a sample."""
    codebook = find_codebook(str(synthetic.CODEBOOK))
    size, per = synthetic.CODED, SamplePeriod.ALL
    sample = draw_code_sample(db, run, codebook, n=size, per=per, seed=1)
    query = select(DocumentDetails.document_id, DocumentDetails.tags).where(
        DocumentDetails.document_id.in_([text.unit.document_id for text in sample])
    )
    with db.write() as connection:
        codebook_id, _ = stored_codebook(connection, codebook.hash.hex())
        tags = dict(connection.execute(query).tuples().all())
        for place, coder in enumerate(synthetic.CODERS):
            codes = {
                text.unit: _answer(text, *(tags[text.unit.document_id] or ()), errs=place > 0)
                for text in sample
            }
            coding = Coding(run, codebook_id, f"{PERSON}{coder}")
            replace_codes(connection, db, coding, codes)

    inform(f"{' and '.join(synthetic.CODERS)} have coded {len(sample)} headlines")


def _answer(text: SampledText, news: str, *, errs: bool) -> UnitCodes:
    """Return the codes of a made-up coder, who *errs* now and then: a subject stands early."""
    terms = next(keyword.terms for keyword in KEYWORDS if keyword.name == text.keyword)
    pattern = "|".join(map(re.escape, terms))
    found = re.search(rf"\b(?:{pattern})\b", text.text, re.IGNORECASE)
    is_subject = found is not None and found.start() <= _EARLY * len(text.text)
    # The name of an item is a hash in hexadecimal digits.
    if errs and found and int(text.item[1:], 16) % _SLIPS == 0:
        is_subject = not is_subject

    if not is_subject:
        return {"subject": CodeValue("no")}

    return {"subject": CodeValue("yes"), "news": CodeValue(news)}
