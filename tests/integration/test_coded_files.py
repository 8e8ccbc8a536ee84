"""Files in which a sample is coded by a codebook: CSV and Label Studio's JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile

import pandas as pd
import pytest

from analysis.codebooks.codebook_files import read_codebook
from core.enums import SamplePeriod
from models.acts import list_acts
from models.codes import CodeValue, UnitKey
from models.database import Database
from producers.code_sample import SampledText, draw_code_sample
from tests.coding_kit import read_coded
from tests.command_kit import run_command
from tests.label_kit import add_run
from tests.report_stories import Text, months_run, store

TIDES = """\
name: tides
unit: document
instructions: Judge what the text says of "{keyword}" & nothing else.
variables:
  - {name: about, question: "Is it about {keyword}?", type: yes-no}
  - name: stance
    question: Which stance?
    type: category
    if: about = yes
    categories: {+for: it is <good>, against: }
  - {name: topics, question: Which topics, type: categories, categories: {sea: x, wind: y}}
  - {name: change, question: How much, type: scale, from: -20, to: 20}
"""


@pytest.fixture
def db(command_db: Database) -> Database:
    return command_db


@pytest.fixture
def run(db: Database) -> int:
    return add_run(db)


@pytest.fixture
def tides(tmp_path: Path) -> Path:
    path = tmp_path / "tides.yaml"
    path.write_text(TIDES, encoding="utf-8")
    return path


@pytest.fixture
def sample(db: Database, run: int, tides: Path) -> list[SampledText]:
    """The sample that the commands draw."""
    return draw_code_sample(db, run, read_codebook(tides), n=5, per=SamplePeriod.MONTH, seed=1)


def command(run: int, tides: Path, *arguments: object) -> str:
    """Run the command, and return what it says on standard error."""
    done = run_command("label", run, "--codebook", tides, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr


def refusal(run: int, tides: Path, file: Path) -> str:
    done = run_command("label", run, "--codebook", tides, "--file", file)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr


def plain(codes: dict[UnitKey, dict[str, CodeValue]]) -> dict[UnitKey, dict[str, str | None]]:
    return {
        unit: {variable: value.code or value.reason for variable, value in unit_codes.items()}
        for unit, unit_codes in codes.items()
    }


def read_sample(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def write_rows(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> None:
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def coded(run: int, tides: Path, tmp_path: Path) -> Path:
    """A file that `--out` has written."""
    path = tmp_path / "sample.csv"
    command(run, tides, "--n", 5, "--out", path)
    return path


def test_a_sample_has_a_column_for_each_variable_and_comes_back_coded(
    db: Database, run: int, tides: Path, sample: list[SampledText], coded: Path
) -> None:
    rows = read_sample(coded)
    assert list(rows[0]) == [
        *("item", "about", "stance", "topics", "change", "text", "run", "period", "keyword"),
        "document",
    ]
    assert [row["text"] for row in rows] == [text.text for text in sample]
    assert {row["about"] for row in rows} == {""}

    answers = [
        ("Yes", "+for", "wind, sea", "-3"),
        ("0", "", "none", "\N{MINUS SIGN}20"),
        ("y", "'+FOR", "cannot be coded: unclear", "+7,0"),
        ("cannot be coded: other language", "", "", ""),
        ("", "", "", ""),
    ]
    for row, cells in zip(rows, answers, strict=True):
        row |= dict(zip(("about", "stance", "topics", "change"), cells, strict=True))
        row["period"] = "March 2020"

    write_rows(coded, rows)
    said = command(run, tides, "--file", coded, "--coder", "Ann")
    assert said.splitlines() == [
        "codes of 4 texts by Ann stored",
        f"`tidings report {run}` shows what the codes say",
    ]
    with db.read() as connection:
        act, *_ = list_acts(connection, f"run {run}", limit=1)

    assert (act.act, act.details) == ("code", "4 texts of a file, by the codebook tides")
    language = "other language"
    expected = [
        {"about": "yes", "stance": "+for", "topics": "sea|wind", "change": "-3"},
        {"about": "no", "topics": "none", "change": "-20"},
        {"about": "yes", "stance": "+for", "topics": "unclear", "change": "7"},
        {"about": language, "topics": language, "change": language},
    ]
    units = [text.unit for text in sample]
    assert plain(read_coded(db, run, tides, "Ann")) == dict(zip(units, expected, strict=False))

    command(run, tides, "--n", 5, "--coder", "Ann", "--out", coded)
    again = read_sample(coded)
    assert [row["stance"] for row in again] == ["'+for", "", "'+for", "", ""]
    assert [row["change"] for row in again] == [
        "'-3",
        "'-20",
        "7",
        f"cannot be coded: {language}",
        "",
    ]
    before = read_coded(db, run, tides, "Ann")
    command(run, tides, "--file", coded, "--coder", "Ann")
    assert read_coded(db, run, tides, "Ann") == before


PANDAS = """\
name: pandas
unit: document
instructions: ""
variables:
  - {name: about, question: "About {keyword}?", type: yes-no}
  - {name: sure, question: "Sure?", type: yes-no}
  - {name: state, question: "Which?", type: category, categories: {"True": x, "False": x}}
  - {name: part, question: "Which?", type: category, categories: {"1": x, "2": x}}
  - {name: parts, question: "Which?", type: categories, categories: {"1": x, "2": x}}
"""


def test_a_table_that_pandas_wrote_is_read_as_it_was_meant(
    db: Database, run: int, tmp_path: Path
) -> None:
    codebook, path = tmp_path / "pandas.yaml", tmp_path / "sample.csv"
    codebook.write_text(PANDAS, encoding="utf-8")
    command(run, codebook, "--n", 5, "--out", path)
    frame = pd.read_csv(path, encoding="utf-8-sig")
    frame["about"] = [True, False, True, False, True]
    # A column with gaps becomes one of floats or of objects.
    frame["sure"] = pd.Series([1, 0, None, 0, 1])
    frame["state"] = pd.Series([True, False, None, True, None])
    frame["part"] = pd.Series([1, 2, None, 1, 2])
    frame["parts"] = pd.Series([2, None, 1, 1, 1])
    frame.to_csv(path, index=False)
    assert path.read_text(encoding="utf-8").splitlines()[1].split(",")[1:6] == [
        *("True", "1.0", "True", "1.0", "2.0")
    ]

    command(run, codebook, "--file", path, "--coder", "Ann")
    coded = plain(read_coded(db, run, codebook, "Ann"))
    answers = [tuple(coded[unit].get(name) for name in frame.columns[1:6]) for unit in coded]
    assert Counter(answers) == Counter(
        [
            ("yes", "yes", "True", "1", "2"),
            ("no", "no", "False", "2", None),
            ("yes", None, None, None, "1"),
            ("no", "no", "True", "1", "1"),
            ("yes", "yes", None, "2", "1"),
        ]
    )


def test_a_row_that_is_read_again_takes_the_place_of_what_it_said(
    db: Database, run: int, tides: Path, sample: list[SampledText], coded: Path
) -> None:
    rows = read_sample(coded)
    rows[0] |= {"about": "yes", "stance": "against"}
    write_rows(coded, rows)
    command(run, tides, "--file", coded)
    rows[0] |= {"about": "no", "stance": ""}
    write_rows(coded, rows)
    command(run, tides, "--file", coded)
    assert plain(read_coded(db, run, tides)) == {sample[0].unit: {"about": "no"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({0: {"about": "maybe"}}, "row 2: 'maybe' is no code of about: write yes or no"),
        ({1: {"topics": "sea, tide"}}, "row 3: 'tide' is no code of topics: write sea, wind or no"),
        ({1: {"change": "21"}}, "row 3: '21' is no code of change: write a whole number from -20"),
        ({2: {"change": "cannot be coded: tired"}}, "row 4: 'tired' is no reason: write cannot be"),
        (
            {0: {"about": "no", "stance": "against"}},
            "row 2: stance is asked if about = yes, and about is no: leave stance empty, or put",
        ),
        (
            {3: {"stance": "against"}},
            "row 5: stance is asked if about = yes, and about has no",
        ),
        ({0: {"about": "x"}, 4: {"about": "z"}}, "row 6: 'z' is no code of about"),
    ],
)
def test_a_file_with_a_wrong_row_is_refused_whole(
    db: Database,
    run: int,
    tides: Path,
    coded: Path,
    changes: dict[int, dict[str, str]],
    message: str,
) -> None:
    rows = read_sample(coded)
    rows[4]["topics"] = "sea"
    for number, cells in changes.items():
        rows[number] |= cells

    write_rows(coded, rows)
    told = refusal(run, tides, coded)
    assert message in told
    assert told.endswith("nothing was stored\n")
    assert read_coded(db, run, tides) == {}


def test_rows_that_were_moved_against_their_items_are_refused(
    db: Database, run: int, tides: Path, coded: Path
) -> None:
    rows = read_sample(coded)
    for row in rows:
        row["about"] = "no"

    # The same headline may be drawn in two months.
    other = next(place for place, row in enumerate(rows) if row["text"] != rows[0]["text"])
    rows[0]["item"], rows[other]["item"] = rows[other]["item"], rows[0]["item"]
    write_rows(coded, rows)
    told = refusal(run, tides, coded)
    assert f"row 2 has another text than {rows[0]['item']}; row {other + 2} has another" in told
    assert read_coded(db, run, tides) == {}

    for row in rows:
        del row["text"]

    write_rows(coded, rows)
    assert "codes of 5 texts by coder 1 stored" in command(run, tides, "--file", coded)


def test_two_rows_of_an_item_have_the_same_codes(run: int, tides: Path, coded: Path) -> None:
    rows = read_sample(coded)
    rows[0]["about"] = "no"
    write_rows(coded, [*rows, {**rows[0]}, {**rows[0], "about": "", "topics": "sea"}])
    told = refusal(run, tides, coded)
    assert f"row 8 gives {rows[0]['item']} other codes than row 2: nothing was stored" in told
    write_rows(coded, [*rows, {**rows[0]}])
    assert "codes of 1 text by coder 1 stored" in command(run, tides, "--file", coded)


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman"])
def test_a_file_that_a_spreadsheet_program_saved_in_its_own_encoding_is_read(
    db: Database, tides: Path, tmp_path: Path, encoding: str
) -> None:
    store(db, [Text("2020-03-01", "“Tide” at the café."), Text("2020-03-02", "Łódź has no tide.")])
    run = months_run(db, "2020-03", "2020-03", ["tide"])
    coded = tmp_path / "sample.csv"
    command(run, tides, "--out", coded)
    rows = read_sample(coded)
    for row in rows:
        row["about"], row["text"] = "no", f"'{row['text']} "

    write_rows(coded, rows, encoding)
    assert "codes of 2 texts by coder 1 stored" in command(run, tides, "--file", coded)
    rows[0]["text"], rows[1]["text"] = rows[1]["text"], rows[0]["text"]
    write_rows(coded, rows, encoding)
    assert "row 2 has another text than" in refusal(run, tides, coded)


def test_items_that_the_last_sample_does_not_have_are_counted(
    run: int, tides: Path, coded: Path, tmp_path: Path
) -> None:
    rows = read_sample(coded)
    for row in rows:
        row["about"] = "no"

    rows.append({**rows[0], "item": "m0", "text": ""})
    write_rows(coded, rows)
    said = command(run, tides, "--file", coded)
    assert "1 row of " in said
    assert "left out: no text of the sample that was drawn last" in said

    write_rows(coded, rows[-1:])
    assert "names no text of the sample of run 1: is it the file of another run?" in refusal(
        run, tides, coded
    )
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "has no column item" in refusal(run, tides, tmp_path / "empty.csv")
    doubled = tmp_path / "doubled.csv"
    doubled.write_text("item,about,stance,topics,change,about\n", encoding="utf-8")
    assert "has more than one column about: code the file" in refusal(run, tides, doubled)


def test_a_file_of_a_codebook_that_was_changed_since_is_refused(
    run: int, tides: Path, coded: Path
) -> None:
    tides.write_text(TIDES.replace("Which stance", "What stance"), encoding="utf-8")
    told = refusal(run, tides, coded)
    assert "run 1 has no sample for the codebook tides as it is now: draw one with --out" in told
    assert run_command("label", 9, "--codebook", tides, "--file", coded).returncode == 1


def test_label_studio_gets_tasks_and_the_configuration_of_its_page(
    run: int, tides: Path, sample: list[SampledText], tmp_path: Path
) -> None:
    out = tmp_path / "tasks.json"
    command(run, tides, "--n", 5, "--out", out, "--for", "label-studio")
    tasks = json.loads(out.read_text(encoding="utf-8"))
    assert [list(task) for task in tasks] == [["data"]] * 5
    first = sample[0]
    assert tasks[0]["data"] == {
        "item": first.item,
        "text": first.text,
        "run": run,
        "period": first.period,
        "keyword": first.keyword,
        "document": first.document,
        "instructions": f'Judge what the text says of "{first.keyword}" & nothing else.',
        "question_about": f"Is it about {first.keyword}?",
        "question_stance": "Which stance?",
        "question_topics": "Which topics",
        "question_change": "How much",
    }

    view = fromstring((tmp_path / "tasks.xml").read_text(encoding="utf-8"))  # noqa: S314 - ours
    assert view[0].attrib == {"value": "$instructions", "size": "5"}
    assert [text.attrib for text in view.findall("Text")] == [{"name": "text", "value": "$text"}]
    choices = {element.get("name"): element for element in view.iter("Choices")}
    assert list(choices) == ["about", "stance", "topics", "CannotBeCoded"]
    assert [choice.get("value") for choice in choices["topics"]] == ["sea", "wind", "none"]
    assert choices["topics"].get("choice") == "multiple"
    assert choices["stance"][0].attrib == {"value": "+for", "hint": "it is <good>"}
    (number,) = view.iter("Number")
    assert (number.get("min"), number.get("max"), number.get("toName")) == ("-20", "20", "text")
    conditions = [group.get("whenChoiceValue") for group in view.findall("View")]
    assert conditions == [None, "yes", None, None]


# What Label Studio 1.23 says beside the codes, of a task and of an annotation.
OF_TASKS = {
    "predictions": [],
    "drafts": [{"id": 3, "result": [{"from_name": "about", "value": {"choices": ["yes"]}}]}],
    "meta": {},
    "created_at": "2026-11-29T05:11:11.506043Z",
    "inner_id": 1,
    "total_annotations": 1,
    "cancelled_annotations": 0,
    "allow_skip": True,
    "updated_by": 1,
    "comment_authors": [],
}
OF_ANNOTATIONS = {
    "id": 1,
    "ground_truth": False,
    "created_at": "2026-11-29T05:11:12.588302Z",
    "draft_created_at": None,
    "lead_time": 3.2,
    "prediction": {},
    "result_count": 5,
    "unique_id": "e6a7f78d-a949-4330-9581-fe843c73c187",
    "task": 7,
    "updated_by": 1,
    "parent_annotation": None,
}


def label_studio_task(data: dict[str, Any], *annotations: dict[str, Any]) -> dict[str, Any]:
    """Return a task as Label Studio exports it."""
    return {"id": 7, "annotations": list(annotations), "data": data, **OF_TASKS}


def annotation(completed_by: object, *, cancelled: bool = False, **codes: Any) -> dict[str, Any]:
    results = []
    for control, held in codes.items():
        kind = "number" if isinstance(held, int) else "choices"
        shape = {"from_name": control, "to_name": "text", "type": kind, "origin": "manual"}
        results.append({**shape, "id": "x", "value": {kind: held}})

    who = {"completed_by": completed_by, "was_cancelled": cancelled}
    return {**OF_ANNOTATIONS, **who, "result": results}


def test_label_studio_s_export_gives_the_codes_of_each_annotator(
    db: Database, run: int, tides: Path, sample: list[SampledText], tmp_path: Path
) -> None:
    out = tmp_path / "tasks.json"
    command(run, tides, "--n", 5, "--out", out, "--for", "label-studio")
    data = [task["data"] for task in json.loads(out.read_text(encoding="utf-8"))]
    ann = {"id": 1, "email": "ann@example.org", "first_name": ""}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    first = annotation(ann, about=["yes"], stance=["+for"], topics=["wind", "sea"], change=-4)
    first["result"].append(relation)
    tasks = [
        label_studio_task(data[0], first, annotation(2, about=["no"], topics=["none"])),
        label_studio_task(data[1], annotation(ann, CannotBeCoded=["too short"])),
        label_studio_task(data[2], annotation(ann, cancelled=True, about=["yes"])),
        label_studio_task(data[3], annotation(ann)),
        label_studio_task(data[4]),
    ]
    exported = tmp_path / "project-1.json"
    exported.write_text(json.dumps(tasks), encoding="utf-8")
    said = command(run, tides, "--file", exported)
    assert "codes of 2 texts by ann@example.org stored" in said
    units = [text.unit for text in sample]
    short = "too short"
    assert plain(read_coded(db, run, tides, "ann@example.org")) == {
        units[0]: {"about": "yes", "stance": "+for", "topics": "sea|wind", "change": "-4"},
        units[1]: {"about": short, "topics": short, "change": short},
    }
    assert plain(read_coded(db, run, tides, "2")) == {units[0]: {"about": "no", "topics": "none"}}

    done = run_command("label", run, "--codebook", tides, "--file", exported, "--coder", "Eve")
    assert "task 1 gives" in done.stderr
    assert done.returncode == 1


def test_json_min_and_archives_are_refused_with_what_to_give(
    run: int, tides: Path, sample: list[SampledText], tmp_path: Path
) -> None:
    text = sample[0]
    minimal = {"item": text.item, "text": text.text, "id": 1, "annotator": 1, "annotation_id": 1}
    path = tmp_path / "project-1-min.json"
    path.write_text(json.dumps([{**minimal, "about": "no", "topics": "none"}]), encoding="utf-8")
    told = refusal(run, tides, path)
    assert "project-1-min.json is JSON-MIN of Label Studio" in told
    assert "export it as JSON" in told

    archive = tmp_path / "5f1c.zip"
    with ZipFile(archive, "w") as file:
        file.writestr("project-1.json", "[]")

    assert "5f1c.zip is a ZIP archive or a workbook: give a CSV" in refusal(run, tides, archive)


def test_a_wrong_export_of_label_studio_is_refused_by_task(
    db: Database, run: int, tides: Path, sample: list[SampledText], tmp_path: Path
) -> None:
    data = {"item": sample[0].item, "text": sample[0].text}
    tasks = [
        label_studio_task({**data, "text": "Another."}, annotation(1, about=["no"])),
        label_studio_task(data, annotation(2, about=["maybe"])),
        label_studio_task(data, annotation(3, mood=["glad"])),
        {"id": 4},
        label_studio_task(data, annotation(5, CannotBeCoded=["tired"])),
    ]
    exported = tmp_path / "project.json"
    exported.write_text(json.dumps(tasks), encoding="utf-8")
    told = refusal(run, tides, exported)
    for message in (
        f"task 1 has another text than {sample[0].item}",
        "task 2: 'maybe' is no code of about",
        "task 3: mood is no variable of the codebook tides",
        "task 4 is no task of Label Studio with data and annotations",
        "task 5: 'tired' is no reason: it is one of unclear, other language, too short",
    ):
        assert message in told

    assert read_coded(db, run, tides, "1") == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "x"}', "task 1 is no task of Label Studio with data and annotations"),
        ('{"text": "x"}\n{"text": "y"}', "is no JSON (Extra data: line 2"),
        ("[1, 2", "is no JSON (Expecting"),
        ("[" * 100_000, "is no JSON (maximum recursion depth"),
        ("[3]", "task 1 is no task of Label Studio"),
    ],
)  # fmt: skip
def test_json_that_is_no_export_is_one_line(
    run: int, tides: Path, sample: list[SampledText], tmp_path: Path, content: str, message: str
) -> None:
    assert sample
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")
    assert message in refusal(run, tides, path)


def test_for_goes_with_a_codebook_and_out(run: int, tides: Path, tmp_path: Path) -> None:
    for arguments in (
        ("--for", "label-studio"),
        ("--codebook", tides, "--for", "label-studio"),
        ("--out", "x.json", "--for", "label-studio"),
        ("--codebook", tides, "--file", tides, "--for", "label-studio"),
    ):
        done = run_command("label", run, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "give --codebook FILE and --out FILE" in done.stderr

    out = tmp_path / "tasks.xml"
    done = run_command("label", run, "--codebook", tides, "--out", out, "--for", "label-studio")
    assert (done.returncode, out.exists()) == (2, False)
