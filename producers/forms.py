"""What the stars of a run's queries stand for, before it is submitted."""

from __future__ import annotations

from analysis.parameters import MonthsParameters
from analysis.query.forms import with_forms
from models.database import Database
from models.documents import DocumentScope, list_texts
from producers.submit import jobs_of


def find_forms_of_run(db: Database, parameters: MonthsParameters) -> dict[str, list[str]]:
    """Return the forms of each term with a star in the stored documents of all months, sorted.

    Raises `BadInput` where a month has more of them, or more words in all, than can be asked for.
    """
    forms: dict[str, set[str]] = {}
    for keyword in parameters.keywords:
        for term in keyword.starred_terms:
            forms[str(term)] = set()
    if not forms:
        return {}

    for job in jobs_of(parameters, ()):
        scope = DocumentScope.of_job(
            kind=job.kind, name=job.name, parameters=parameters.model_dump()
        )
        for keyword in with_forms(parameters.keywords, list_texts(db, scope)):
            for term_written, of_month in keyword.forms.items():
                forms[term_written].update(of_month)

    return {term: sorted(of_term) for term, of_term in forms.items()}
