"""`datacite.json`: the metadata that a repository registers, in the DataCite schema 4.5.

Source of the format: DataCite Metadata Working Group, "DataCite Metadata Schema Documentation 4.5"
(2024), https://doi.org/10.14454/g8e5-6293. It requires creators, titles, publisher, year, type and
an identifier; the repository assigns the identifier and names the publisher.
"""

from __future__ import annotations

from typing import Any

from packs.contents import Author, PackedRun
from packs.study import (
    NO_LICENSE,
    describe_study,
    end_of,
    license_address,
    list_keywords,
    print_text,
)

SCHEMA_VERSION = "http://datacite.org/schema/kernel-4"
# Appendix 3 of the documentation has these values for what is not known.
UNKNOWN = ":unav"
TO_BE_ASSIGNED = ":tba"


def make_datacite_record(run: PackedRun) -> dict[str, Any]:
    """Return the record of the pack of *run*, without an identifier."""
    subjects = [{"subject": keyword} for keyword in list_keywords(run)]
    return {
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Text analysis"},
        "creators": [_creator(author) for author in run.authors] or [{"name": UNKNOWN}],
        "titles": [{"title": print_text(run.title)}],
        "publisher": {"name": TO_BE_ASSIGNED},
        "publicationYear": f"{end_of(run):%Y}",
        "subjects": subjects,
        "dates": [{"date": f"{end_of(run):%Y-%m-%d}", "dateType": "Created"}],
        "formats": ["application/zip"],
        "version": f"run {run.number}",
        "rightsList": [_rights(run.license)],
        "descriptions": [{"description": describe_study(run), "descriptionType": "Abstract"}],
        "schemaVersion": SCHEMA_VERSION,
    }


def _creator(author: Author) -> dict[str, str]:
    if author.given_names is None:
        return {"name": author.name, "nameType": "Organizational"}

    return {
        "name": f"{author.name}, {author.given_names}",
        "nameType": "Personal",
        "givenName": author.given_names,
        "familyName": author.name,
    }


def _rights(identifier: str | None) -> dict[str, str]:
    if identifier is None:
        return {"rights": NO_LICENSE}

    return {
        "rights": identifier,
        "rightsUri": license_address(identifier),
        "rightsIdentifier": identifier,
        "rightsIdentifierScheme": "SPDX",
        "schemeUri": license_address(""),
    }
