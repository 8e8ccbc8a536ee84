"""What programs and repositories read of a pack: its tables, its provenance, its citation.

`frictionless` validates the tables. The validators of RO-Crates and of `CITATION.cff` need older
versions of libraries than Tidings has, and the former the network, so that the tests check here
what those formats require.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from frictionless import Package
from sqlalchemy import update

from analysis.kinds.months import MonthsParameters
from analysis.options import Keyword
from core.errors import UsageError
from core.settings import Settings
from models.database import Database
from models.tables import Job, Run
from packs.contents import Author, PackedRun, parse_license
from packs.make import make_pack
from packs.verify import verify_pack
from reports.data.exports import tables_of
from reports.data.tables.registry import TABLES
from tests.command_kit import run_command
from tests.exports_kit import training
from tests.jobs_kit import Jobs
from tests.packs_kit import UNQUOTED, jobs_over_headlines, months, pack, store_headlines

AUTHORS = (Author.parse("Doe, Jane"), Author.parse("The Institute"), Author.parse("Doe, Jane"))
LICENSE = "CC-BY-4.0"
CRATE = "ro-crate-metadata.json"


def unpack(path: Path) -> Path:
    folder = path.with_suffix("")
    with ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def packs(
    tmp_path_factory: pytest.TempPathFactory, _valkey: str, _sqlite_template: Path
) -> Iterator[Mapping[str, Path]]:
    """A run of months, unpacked: with texts, authors and a licence, and without any of them."""
    folder = tmp_path_factory.mktemp("packs")
    with jobs_over_headlines(folder, _valkey, _sqlite_template) as jobs:
        run = jobs.submit(months())
        jobs.do_all(run)
        full = pack(
            jobs,
            run,
            folder / "full.zip",
            texts=True,
            figures=True,
            title='A "study": 1\n',
            authors=AUTHORS,
            license_id=LICENSE,
        )
        bare = pack(jobs, run, folder / "bare.zip")
        yield {"full": unpack(full), "bare": unpack(bare)}


@pytest.fixture
def trained(db: Database, tmp_path: Path) -> Path:
    """A pack of trainings, unpacked; one of its jobs failed."""
    run = training(db)
    with db.write() as connection:
        connection.execute(update(Run).values(state="failed", reason=None))
        connection.execute(update(Job).where(Job.run_id == run).values(state="failed"))

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    make_pack(db, run, tmp_path / "pack.zip", scratch=scratch)
    (tmp_path / "verifying").mkdir()
    assert verify_pack(tmp_path / "pack.zip", tmp_path / "verifying").problems == []
    return unpack(tmp_path / "pack.zip")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return content


def schemas_of(folder: Path) -> dict[str, dict[str, Any]]:
    resources = read_json(folder, "datapackage.json")["resources"]
    return {resource["name"]: resource["schema"] for resource in resources}


def assert_valid_package(folder: Path) -> None:
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


@pytest.mark.parametrize("texts", ["full", pytest.param("bare", marks=pytest.mark.thorough)])
def test_the_tables_are_a_valid_data_package(packs: Mapping[str, Path], texts: str) -> None:
    folder = packs[texts]
    assert_valid_package(folder)
    run = PackedRun.model_validate_json((folder / "run.json").read_bytes())
    assert list(schemas_of(folder)) == [table.name for table in tables_of(run.run_kind)]

    for table_name, schema in schemas_of(folder).items():
        described = {field["name"]: field["description"] for field in schema["fields"]}
        assert described == TABLES[table_name].meanings


@pytest.mark.parametrize(
    ("column", "pattern", "changed"),
    [
        ("run", rb"\r\n1,", b"\r\none,"),
        ("polarity", rb",-?[01]\.\d+,,,,,,\r\n", b",1.5,,,,,,\r\n"),
    ],
)
def test_a_value_of_another_type_or_beyond_its_scale_makes_the_data_package_invalid(
    packs: Mapping[str, Path], tmp_path: Path, column: str, pattern: bytes, changed: bytes
) -> None:
    folder = tmp_path / "pack"
    shutil.copytree(packs["full"], folder)
    mentions = folder / "exports" / "mentions.csv"
    content, changes = re.subn(pattern, changed, mentions.read_bytes(), count=1)
    assert changes == 1
    mentions.write_bytes(content)

    report = Package(str(folder / "datapackage.json")).validate()
    assert report.flatten(["fieldName"]) == [[column]]


def test_keys_are_primary_where_no_column_of_them_may_be_null_and_hold(
    packs: Mapping[str, Path], trained: Path
) -> None:
    schemas = {**schemas_of(packs["full"]), **schemas_of(trained)}
    primary = {
        name: schema["primaryKey"] for name, schema in schemas.items() if "primaryKey" in schema
    }
    assert primary["coverage"] == ["job", "step"]
    assert primary["documents"] == ["document"]
    assert primary["epochs"] == ["job", "epoch"]
    assert schemas["periods"]["uniqueKeys"] == [["period", "handle", "keyword", "term", "group"]]
    assert "periods" not in primary

    for folder in (packs["full"], trained):
        for table_name, schema in schemas_of(folder).items():
            lines = (folder / "exports" / f"{table_name}.jsonl").read_bytes().splitlines()
            (key,) = schema.get("uniqueKeys") or [schema["primaryKey"]]
            keys = [tuple(json.loads(line)[column] for column in key) for line in lines]
            assert len(set(keys)) == len(keys), table_name
            if table_name in primary:
                assert all(None not in values for values in keys), table_name


def test_units_and_ends_of_scales_are_told(packs: Mapping[str, Path], trained: Path) -> None:
    def field_of(folder: Path, table: str, column: str) -> dict[str, Any]:
        (field,) = [each for each in schemas_of(folder)[table]["fields"] if each["name"] == column]
        return {key: field[key] for key in field if key not in {"name", "description"}}

    polarity = {"type": "number", "unit": "1", "constraints": {"minimum": -1, "maximum": 1}}
    assert field_of(packs["full"], "mentions", "polarity") == polarity
    share = {"type": "number", "unit": "1", "constraints": {"minimum": 0, "maximum": 1}}
    assert field_of(packs["full"], "periods", "share_low") == share
    seconds = {"type": "number", "unit": "s", "constraints": {"minimum": 0}}
    assert field_of(trained, "epochs", "seconds") == seconds
    assert field_of(packs["full"], "entities", "spellings") == {"type": "array"}
    assert field_of(packs["full"], "mentions", "published_at") == {"type": "datetime"}
    assert field_of(packs["full"], "periods", "cut_off") == {"type": "boolean"}


def test_options_of_trainings_are_columns_of_their_table(trained: Path) -> None:
    assert_valid_package(trained)
    fields = schemas_of(trained)["trainings"]["fields"]
    header = (trained / "exports" / "trainings.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert [field["name"] for field in fields] == header.split(",")
    assert {"name": "learning_rate", "type": "any"} in fields


def check_crate(folder: Path) -> dict[str, Any]:
    """Assert what RO-Crate 1.1 and Process Run Crate 0.5 require; return the entities by id."""
    crate = read_json(folder, CRATE)
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    assert all(entity["@type"] for entity in crate["@graph"])

    descriptor, root = entities[CRATE], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert all(root[name] for name in ("name", "description", "license"))
    assert datetime.fromisoformat(root["datePublished"])
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert entities["https://w3id.org/ro/wfrun/process/0.5"]["@type"] == "CreativeWork"

    linked = list(find_links(crate["@graph"]))
    assert set(linked) - {"https://w3id.org/ro/crate/1.1"} <= entities.keys()
    parts = {*find_links(root["hasPart"]), *find_links(entities["exports/"]["hasPart"])}
    data = {key for key, entity in entities.items() if entity["@type"] in ("File", "Dataset")}
    assert data == parts | {"./"}
    for entity_id in parts:
        is_file = entities[entity_id]["@type"] == "File"
        assert (folder / entity_id).is_file() if is_file else (folder / entity_id).is_dir()

    files = {path.relative_to(folder).as_posix() for path in folder.glob("*") if path.is_file()}
    files |= {path.relative_to(folder).as_posix() for path in folder.glob("exports/*")}
    assert {part for part in parts if not part.endswith("/")} == files - {CRATE}
    assert {part for part in parts if part.endswith("/")} == {
        f"{path.name}/" for path in folder.glob("*") if path.is_dir()
    }
    return entities


def find_links(part: Any) -> Iterator[str]:
    """Yield the ids that a part of a crate links to."""
    if isinstance(part, list):
        for element in part:
            yield from find_links(element)
    elif isinstance(part, dict):
        if part.keys() == {"@id"}:
            yield part["@id"]
        else:
            yield from find_links(list(part.values()))


def test_a_crate_tells_which_program_made_what_from_what_and_who_ran_it(
    packs: Mapping[str, Path],
) -> None:
    entities = check_crate(packs["full"])
    run = PackedRun.model_validate_json((packs["full"] / "run.json").read_bytes())
    action = entities[f"#run-{run.number}"]
    program = entities[action["instrument"]["@id"]]
    assert (program["@type"], program["name"]) == ("SoftwareApplication", "Tidings")
    assert program["softwareVersion"] == run.versions["tidings"]
    assert action["description"].startswith("tidings submit months 2020-03..2020-05 ")

    consumed, created = list(find_links(action["object"])), list(find_links(action["result"]))
    assert consumed == ["run.json", "documents.jsonl", "answers/"]
    assert created == ["rows/", "exports/", "figures/"]
    assert datetime.fromisoformat(action["startTime"]).timestamp() == int(run.created_at)
    assert datetime.fromisoformat(action["endTime"]).timestamp() == int(run.ended_at or 0)
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert "error" not in action

    agents = [entities[agent] for agent in find_links(action["agent"])]
    assert [(agent["@type"], agent["name"]) for agent in agents] == [
        ("Person", "Jane Doe"),
        ("Organization", "The Institute"),
    ]
    assert entities["./"]["author"] == action["agent"]
    assert entities["./"]["license"] == {"@id": f"https://spdx.org/licenses/{LICENSE}"}
    assert entities["./"]["name"] == 'A "study": 1'


def test_the_crate_of_a_failed_run_without_authors_says_so(trained: Path) -> None:
    entities = check_crate(trained)
    (action,) = [each for each in entities.values() if each["@type"] == "CreateAction"]
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"] == "the run is failed"
    assert "agent" not in action
    assert action["object"] == {"@id": "run.json"}
    assert "weights/" in find_links(action["result"])


def test_a_pack_without_author_and_licence_says_so_in_each_file(packs: Mapping[str, Path]) -> None:
    folder = packs["bare"]
    check_crate(folder)
    said = "No licence is stated."
    package = read_json(folder, "datapackage.json")
    assert package["description"].endswith(said)
    assert not {"licenses", "contributors"} & package.keys()
    (root,) = [each for each in read_json(folder, CRATE)["@graph"] if each["@id"] == "./"]
    assert root["license"] == said
    citation = (folder / "CITATION.cff").read_text(encoding="utf-8")
    assert "# No licence is stated: run `tidings pack` again with --license" in citation
    assert "license" not in yaml.safe_load(citation)
    for path in folder.rglob("*.json"):
        assert UNQUOTED not in path.read_text(encoding="utf-8"), path.name


def test_a_citation_has_each_author_and_keyword_once(packs: Mapping[str, Path]) -> None:
    citation = yaml.safe_load((packs["full"] / "CITATION.cff").read_bytes())
    assert citation["license"] == LICENSE
    assert citation["authors"] == [
        {"family-names": "Doe", "given-names": "Jane"},
        {"name": "The Institute"},
    ]
    run = PackedRun.model_validate_json((packs["full"] / "run.json").read_bytes())
    program = f"Tidings {run.versions['tidings']}"
    assert citation["keywords"] == ["text analysis", program, "fever", "protests"]
    assert citation["title"] == 'A "study": 1'
    assert f"{citation['date-released']:%Y}" == f"{datetime.fromtimestamp(run.ended_at or 0):%Y}"  # noqa: DTZ006


def test_a_keyword_that_is_named_like_the_field_stands_once_among_the_keywords(
    jobs_done: Jobs, tmp_path: Path
) -> None:
    run = jobs_done.submit(text_analysis())
    jobs_done.do_all(run)
    folder = unpack(pack(jobs_done, run, tmp_path / "pack.zip"))
    keywords = yaml.safe_load((folder / "CITATION.cff").read_bytes())["keywords"]
    assert keywords.count("text analysis") == 1


@pytest.fixture
def jobs_done(stub_settings: Settings) -> Iterator[Jobs]:
    with closing(Jobs(stub_settings)) as jobs:
        store_headlines(jobs)
        yield jobs


def text_analysis() -> MonthsParameters:
    return months(keywords=(Keyword.parse("text analysis:flu"),), steps=("keywords",))


def test_a_licence_is_named_as_the_spdx_list_writes_it() -> None:
    assert parse_license("cc-by-4.0") == "CC-BY-4.0"
    assert parse_license("mit") == "MIT"
    for text in ("", "CC BY", "MIT OR Apache-2.0", "LicenseRef-mine", "my own"):
        with pytest.raises(UsageError, match="is no licence of the SPDX list"):
            parse_license(text)


def test_pack_takes_a_licence_and_warns_without_one(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    run = training(db)
    with db.write() as connection:
        connection.execute(update(Run).where(Run.id == run).values(state="done"))

    variables = {"TIDINGS_DATABASE_URL": database_url, "TIDINGS_HOME": str(tmp_path / "home")}
    out = tmp_path / "study.zip"

    without = run_command("pack", run, "--out", out, variables=variables)
    assert without.returncode == 0
    assert "states no licence, so that nobody may use it further" in without.stderr
    assert "--license" in without.stderr

    stated = run_command("pack", run, "--out", out, "--license", "cc0-1.0", variables=variables)
    assert stated.returncode == 0
    assert "licence" not in stated.stderr
    with ZipFile(out) as archive:
        assert json.loads(archive.read("run.json"))["license"] == "CC0-1.0"

    wrong = run_command("pack", run, "--out", out, "--license", "CC BY", variables=variables)
    assert wrong.returncode == 2
    assert "--license 'CC BY' is no licence of the SPDX list" in wrong.stderr
