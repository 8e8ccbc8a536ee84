"""The names of coders in tables: a pack numbers people, unless it is asked for their names."""

from __future__ import annotations

from sqlalchemy import or_, select

from models.codes import ADJUDICATED, PERSON
from models.tables import Code, SampleStratum
from reports.data.queries import fetch_scalars
from reports.data.run_data import RunData, once_of_run


def name_coder(run: RunData, coder: str) -> str:
    """Return the coder's name, or a number in its place if the run hides names."""
    if not run.hides_coders or not coder.startswith(PERSON) or coder == ADJUDICATED:
        return coder

    return f"{PERSON}{_list_people(run).index(coder) + 1}"


@once_of_run
def _list_people(run: RunData) -> list[str]:
    """Return the people who coded the run, or what was drawn of it, sorted."""
    sampled = select(SampleStratum.codebook_id).where(SampleStratum.run_id == run.id)
    is_counted = or_(Code.run_id == run.id, Code.codebook_id.in_(sampled))
    coders = select(Code.coder).where(Code.coder.startswith(PERSON, autoescape=True), is_counted)
    return sorted(set(fetch_scalars(run.db, coders.distinct())) - {ADJUDICATED})
