"""Labels in the table, on both databases."""

from __future__ import annotations

import io
import json

from models.codes import Coding, delete_codes
from models.database import Database
from models.erasure import documents_named, forget_documents, forget_run
from models.labels import list_mentions_by_month
from models.tables import POLARITY_CODEBOOK
from producers.label_sample import draw_label_sample, find_mentions
from reports.data import exports
from reports.data.run_data import load_run
from reports.pages.label_section import read_label_section
from tests.label_kit import add_run, labels_of, store_labels


def test_a_label_is_stored_replaced_taken_back_exported_and_erased(db: Database) -> None:
    run = add_run(db)
    sample = draw_label_sample(db, run, per=2, seed=1)
    first, second, third = (mention.unit for mention in sample[:3])
    assert find_mentions(db, run, {sample[0].item, "m0"}) == [sample[0]]

    store_labels(db, run, "Ann", {first: 1, second: None})
    store_labels(db, run, "Bob", {first: 0})
    store_labels(db, run, "Ann", {first: -1, third: 0})
    with db.write() as connection:
        delete_codes(connection, Coding(run, POLARITY_CODEBOOK, "person:Ann"), [second])

    store_labels(db, run, "Ann", {})

    assert labels_of(db, run, "Ann") == {first: -1, third: 0}
    assert labels_of(db, run, "Bob") == {first: 0}

    out = io.BytesIO()
    exports.write(db, run, "labels", "jsonl", out)
    rows = list(map(json.loads, out.getvalue().splitlines()))
    assert sorted((row["coder"], row["label"]) for row in rows) == [
        ("Ann", -1),
        ("Ann", 0),
        ("Bob", 0),
    ]
    assert read_label_section(load_run(db, run)).subjects[0].labels == 2

    with db.read() as connection:
        ids = documents_named(connection, sample[0].document)

    forget_documents(db, ids, sentences=lambda _: [], reason="on request", result_tables=())
    assert labels_of(db, run, "Ann") == {third: 0}
    assert labels_of(db, run, "Bob") == {}
    forget_run(db, run)
    assert labels_of(db, run, "Ann") == {}


def test_the_sample_is_the_same_on_every_database(db: Database) -> None:
    run = add_run(db)
    mentions = [len(of_month) for of_month in list_mentions_by_month(db, run)]
    assert mentions == [30, 16]
    drawn = [(m.item, m.keyword, m.period) for m in draw_label_sample(db, run, per=1, seed=1)]
    assert drawn == [
        ("m03721a2df0343bd2", "tide", "2020-04"),
        ("m65853e73e3380a8a", "tide", "2020-03"),
        ("m18bfe10474f5d475", "fog", "2020-04"),
    ]
