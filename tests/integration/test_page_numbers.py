"""Every number of a page that leads to the list of documents is the number of its rows."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from pathlib import Path

from core.enums import Grain
from reports.build import report_folder
from tests import report_stories as stories
from tests.document_list_kit import DocumentList, read_query
from tests.report_stories import Text

_LINK = re.compile(
    r'<a class="count" href="(documents\.html#[^"]*)"[^>]*>([\d,]+)( documents?)?</a>'
)
THINGS = ("lamps", "gulls", "ropes", "kites", "sails", "crates", "buoys")


def test_every_number_that_leads_to_the_list_counts_its_rows(tmp_path: Path) -> None:
    texts = []
    for number in range(160):
        day = f"2020-0{1 + number % 5}-{1 + number % 27:02}"
        thing, other = THINGS[number % 7], THINGS[number % 3]
        said = f"The ferry carries {thing}. A boat has {other} too."
        texts.append(Text(day, said if number % 4 else f"A bridge of {thing} for {other}, ferry."))

    texts += [Text("2020-03-09", "The New Harbour opens: a ferry for all.")] * 4
    db = stories.database(tmp_path)
    stories.store(db, texts)
    run = stories.months_run(db, "2020-01", "2020-05", ["ferry:boat", "bridge"])
    report_folder.build(db, [run], tmp_path / "out", grain=Grain.WEEK)
    db.close()
    listed, fields = DocumentList(tmp_path / "out"), Counter[str]()
    wrong = []
    for page in sorted((tmp_path / "out").glob("*.html")):
        for address, number, _ in _LINK.findall(page.read_text(encoding="utf-8")):
            query = read_query(unescape(address))
            fields.update(query.given.keys())
            rows = listed.count(query)
            if rows != int(number.replace(",", "")):
                wrong.append((page.name, address, number, rows))

    assert wrong == []
    assert all(fields[field] > 3 for field in ("subject", "period", "word", "without_repeats"))
    assert fields["term"]
    assert fields["other"]
