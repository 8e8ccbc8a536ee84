"""``tidings demo``: the whole pipeline on the embedded stack, with synthetic documents."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import select

from analysis.codebooks.codebook_files import find_codebook
from analysis.codebooks.stored import stored_codebook
from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import Months, MonthsParameters
from analysis.options import Keyword
from cli import context
from cli.control import dispatch
from cli.messages import inform, show_path
from cli.progress import progress_display, wait_for
from cli.report_folders import remember_folder
from cli.stack.run import start_stack
from core.enums import Grouping, SamplePeriod
from core.settings import Settings
from models.codes import PERSON, CodeValue, Coding, UnitCodes, replace_codes
from models.database import Database
from models.tables import DocumentDetails
from producers.code_sample import SampledText, draw_code_sample
from producers.imports import import_paths
from producers.submit import submit_run
from producers.trainings import plan_training, submit_training
from reports.build.manifest import refuse_foreign_page
from reports.build.report_folder import build
from reports.build.second_process import count_processors
from reports.report_files import INDEX
from sources import synthetic
from sources.registry import FALLBACK_SOURCE, SOURCES, default_archive

# The demo's home is in the report's folder, where commands that are typed there look for it.
HOME = ".tidings"

_KEYWORDS: Final = tuple(map(Keyword.parse, synthetic.KEYWORDS))

# What a headline is about stands in the first part of it, as the made-up coders see it.
_EARLY: Final = 0.7

# The second coder errs once in so many headlines.
_SLIPS: Final = 11

_TEXTAPI_SETTINGS = (
    *("textapi_url", "textapi_key", "textapi_limits"),
    *("textapi_keys", "textapi_key_limit"),
)


def demo_settings(out: Path) -> Settings:
    """Return the demo's own settings, which ignore all addresses, keys and limits that are set.

    So the demo uses the embedded stack alone, and calls no service.
    """
    fields = ["database_url", "redis_url", "reports_dir", *_TEXTAPI_SETTINGS]
    for service in filter(None, (source.service for source in SOURCES)):
        fields += filter(None, (service.url, service.limits, service.key))

    defaults = {field: Settings.model_fields[field].get_default() for field in fields}
    return context.load_settings(home=out / HOME, **defaults)


def run_demo(settings: Settings, out: Path) -> int:
    """Start the stack, import, submit, wait, and copy the reports to *out*; return the status."""
    refuse_foreign_page(out / INDEX)
    with (
        start_stack(settings) as stack_settings,
        closing(context.open_database(stack_settings, create=True)) as db,
    ):
        _import_documents(db)
        runs = _submit_runs(db, out)
        dispatch(db, stack_settings)
        succeeded = [wait_for(db, stack_settings, run) for run in runs.values()]
        for folder, run in runs.items():
            if folder == out:
                _code_headlines(db, run)
                _write_report(db, run, out)
            else:
                shutil.copytree(stack_settings.reports / str(run), folder, dirs_exist_ok=True)

            remember_folder(stack_settings, folder)

    inform(synthetic.NOTICE)
    inform("the report is here; open it in a browser:")
    inform("beside it: accounts/, and a trained network in sine/")
    inform(f"its documents and runs are apart from yours: `tidings runs` in {out} lists them")
    show_path(out / INDEX)
    return int(not all(succeeded))


def _submit_runs(db: Database, out: Path) -> dict[Path, int]:
    """Submit a run of each kind; return them by the folder of their report."""
    months = MonthsParameters(
        first=synthetic.FIRST_MONTH,
        last=synthetic.LAST_MONTH,
        keywords=_KEYWORDS,
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


def _code_headlines(db: Database, run: int) -> None:
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
    terms = next(keyword.terms for keyword in _KEYWORDS if keyword.name == text.keyword)
    pattern = "|".join(map(re.escape, terms))
    found = re.search(rf"\b(?:{pattern})\b", text.text, re.IGNORECASE)
    is_subject = found is not None and found.start() <= _EARLY * len(text.text)
    # The name of an item is a hash in hexadecimal digits.
    if errs and found and int(text.item[1:], 16) % _SLIPS == 0:
        is_subject = not is_subject

    if not is_subject:
        return {"subject": CodeValue("no")}

    return {"subject": CodeValue("yes"), "news": CodeValue(news)}


def _write_report(db: Database, run: int, out: Path) -> None:
    with progress_display("the report"):
        build(db, [run], out, with_second_process=count_processors() > 1)


def _import_documents(db: Database) -> None:
    archive, tables = default_archive().name, FALLBACK_SOURCE.name
    headlines = import_paths(db, [synthetic.ARCHIVE], source=archive, handle=None, columns={})
    accounts = import_paths(db, [synthetic.POSTS], source=tables, handle=None, columns={})
    inform(
        f"imported {headlines.tally.documents:,} synthetic headlines "
        f"and {accounts.tally.documents:,} synthetic posts"
    )
