"""`datapackage.json`: the tables of a pack, their columns and keys, as a Data Package 2.0.

Source of the format: Frictionless Data, "Data Package (v2)" (2024), https://datapackage.org. Its
Table Schemas are made from the declarations of the export tables.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from packs import contents
from packs.contents import Author, PackedRun, forms_of
from packs.study import describe_study, end_of, license_address, list_keywords, print_text
from reports.data.export_schema import Table
from reports.data.exports import tables_of
from reports.data.formats import Category

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
MISSING_VALUES = ("",)

_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    Category: "string",
    list: "array",
    datetime: "datetime",
}
_MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}


def make_data_package(run: PackedRun, folder: Path) -> dict[str, Any]:
    """Return the Data Package of the tables that the *folder* of the pack of *run* holds."""
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": f"tidings-run-{run.number}",
        "title": print_text(run.title),
        "description": describe_study(run),
        "version": f"run {run.number}",
        "created": f"{end_of(run):%Y-%m-%dT%H:%M:%SZ}",
        "keywords": list_keywords(run),
    }
    if run.authors:
        package["contributors"] = [_contributor(author) for author in run.authors]
    if run.license is not None:
        license_entry = {"name": run.license, "path": license_address(run.license)}
        package["licenses"] = [license_entry]

    package["resources"] = [_resource(table, folder) for table in tables_of(run.run_kind)]
    return package


def _contributor(author: Author) -> dict[str, Any]:
    if author.given_names is None:
        return {"title": author.name, "roles": ["creator"]}

    return {
        "title": f"{author.given_names} {author.name}",
        "givenName": author.given_names,
        "familyName": author.name,
        "roles": ["creator"],
    }


def _resource(table: Table[Any], folder: Path) -> dict[str, Any]:
    """Return the description of a table, in the form that most programs read."""
    form = forms_of(table.name)[-1]
    return {
        "name": table.name,
        "type": "table",
        "path": f"{contents.EXPORTS}/{table.name}.{form}",
        "description": table.description,
        "format": form,
        "mediatype": _MEDIA_TYPES[form],
        "encoding": "utf-8",
        "schema": _table_schema(table, folder),
    }


def _table_schema(table: Table[Any], folder: Path) -> dict[str, Any]:
    """Return the Table Schema; columns that may be null make a unique key, no primary key."""
    schema: dict[str, Any] = {
        "fields": _fields(table, folder),
        "missingValues": list(MISSING_VALUES),
    }
    if table.nullable_columns.isdisjoint(table.key):
        schema["primaryKey"] = list(table.key)
    else:
        schema["uniqueKeys"] = [list(table.key)]

    return schema


def _fields(table: Table[Any], folder: Path) -> list[dict[str, Any]]:
    fields = []
    for column, kind in table.columns.items():
        if kind is dict:
            for key in _list_other_columns(table, folder):
                fields.append({"name": key, "type": "any"})

            continue

        field: dict[str, Any] = {"name": column, "type": _TYPES[kind]}
        field["description"] = table.meanings[column]
        if scale := table.scales.get(column):
            field["unit"] = scale.unit
            ends = {"minimum": scale.minimum, "maximum": scale.maximum}
            field["constraints"] = {name: end for name, end in ends.items() if end is not None}

        fields.append(field)

    return fields


def _list_other_columns(table: Table[Any], folder: Path) -> list[str]:
    """Return the columns that the table's file has and its declaration does not name."""
    path = folder / contents.EXPORTS / f"{table.name}.jsonl"
    if not path.exists():
        return []

    with path.open("rb") as file:
        head = file.readline(contents.LONGEST_LINE)

    return [column for column in json.loads(head or "{}") if column not in table.columns]
