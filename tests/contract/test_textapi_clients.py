"""Programs written for the original Text API, in the shapes that they send, against the server.

Of the four programs before Tidings two ask the Text API, each in a way of its own; the two that
train networks ask nothing. The published client (pynlp-lib) is what others use.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import pytest
import requests

from tests.integration.test_textapi_server import KEYS, Server, running
from textapi.engine.labels import LABELS

pytestmark = pytest.mark.thorough

HEADLINES = [
    "Covid Cases Rise in New York as Weary Crews Wait, Cases Rise.",
    "Angela Merkel Meets the U.S. Senate on Friday.",
    "It Was a Terrible Day for Covid Patients, covid patients suffer.",
    "Good News: The Covid Vaccine Mandates Win in Germany!",
]
MENTIONS = [HEADLINES[0], HEADLINES[2], HEADLINES[3]]
TEXT = ". ".join(headline.rstrip(".!") for headline in HEADLINES)
HEADERS = {"Content-Type": "application/json", "apikey": KEYS[0]}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


async def call_all(
    server: Server, calls: Sequence[tuple[str, dict[str, Any]]], *, at_once: int = 10
) -> list[Any]:
    """Make *calls* as the programs do: JSON in a string, the answer read without a look at it."""
    slots = asyncio.Semaphore(at_once)
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(endpoint: str, body: dict[str, Any]) -> Any:
            url = f"{server.url}/text/{endpoint}"
            async with (
                slots,
                session.post(url, data=json.dumps(body), headers=HEADERS) as response,
            ):
                return json.loads(await response.text())

        return await asyncio.gather(*(call(*each) for each in calls))


def test_headlines_by_month(server: Server) -> None:
    """Keywords one call after the other, polarity ten at a time, then phrases."""
    body = {"text": " ".join(HEADLINES).lower(), "keywords": ["covid"]}
    found = requests.post(
        f"{server.url}/text/sentences_with_keywords", headers=HEADERS, json=body, timeout=30
    )
    sentences = json.loads(found.text)["covid"]
    assert sentences == [mention.lower() for mention in MENTIONS]

    calls = [("text_polarity", {"text": sentence}) for sentence in [*sentences, ""] * 5]
    scores = [answer["text polarity"] for answer in asyncio.run(call_all(server, calls))]
    assert scores == scores[:4] * 5
    assert scores[1] < 0 < scores[2]
    assert scores[3] == 0

    body = {"text": " ".join(sentences), "num_phrases": 3}
    answer = requests.post(
        f"{server.url}/text/most_common_phrases", headers=HEADERS, json=body, timeout=30
    ).json()
    assert len(answer["most common phrases"]) == 3
    assert all("covid" in phrase for phrase in answer["most common phrases"])


def test_a_handles_posts(server: Server) -> None:
    """Four calls at once; the kind of text is in `labels`, as a string."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("summarize", {"text": TEXT, "proportion": 0.1}),
        ("most_common_phrases", {"text": TEXT, "num_phrases": 5}),
        ("ner", {"text": TEXT, "labels": "ARTICLE"}),
        ("text_polarity", {"text": TEXT}),
    ]
    summary, phrases, entities, polarity = asyncio.run(call_all(server, calls))
    assert summary["summary"].replace("\n", " ") in TEXT
    assert len(phrases["most common phrases"]) == 5
    assert -1 <= polarity["text polarity"] <= 1

    # The program's own next step, which ended with KeyError: 'ner'.
    most_common: dict[str, str] = {}
    for type_ in {type_ for type_, _ in entities["ner"]}:
        names = Counter(name for other, name in entities["ner"] if other == type_)
        most_common[type_] = names.most_common(1)[0][0]

    assert most_common["GPE"] in {"New York", "Germany"}
    assert most_common["DATE"] == "Friday"
    assert set(most_common) <= LABELS["ARTICLE"]


@pytest.mark.parametrize("field", ["labels", "key_list"])
@pytest.mark.parametrize("kind", ["ARTICLE", "REVIEW"])
def test_a_string_of_labels_is_the_kind_of_text_and_a_list_is_types(
    server: Server, field: str, kind: str
) -> None:
    calls = [
        ("ner", {"text": TEXT, "doctype": kind}),
        ("ner", {"text": TEXT, field: kind}),
        ("ner", {"text": TEXT, field: kind, "doctype": "REVIEW"}),
        ("ner", {"text": TEXT, field: sorted(LABELS[kind])}),
        ("ner", {"text": TEXT, field: ["GPE"]}),
        ("ner", {"text": TEXT, field: []}),
        ("ner", {"text": TEXT, field: None, "doctype": kind}),
    ]
    expected, *same, places, nothing, unset = asyncio.run(call_all(server, calls))
    assert ["DATE", "Friday"] in expected["ner"]
    assert same == [expected] * 3
    assert {type_ for type_, _ in places["ner"]} == {"GPE"}
    assert nothing == {"ner": []}
    assert unset == expected


@pytest.mark.parametrize("labels", ["PERSON", "article", "", "ARTICLE,REVIEW"])
def test_another_string_of_labels_is_refused_with_what_to_write(
    server: Server, labels: str
) -> None:
    answer = requests.post(
        f"{server.url}/text/ner", headers=HEADERS, json={"text": "a", "labels": labels}, timeout=30
    )
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "labels: a string is the kind of text, 'ARTICLE' or 'REVIEW'; types are a list"
    }


@pytest.mark.parametrize("labels", [3, True, {"ARTICLE": 1}, [1], ["GPE", None]])
def test_labels_of_another_type_are_malformed(server: Server, labels: Any) -> None:
    answer = requests.post(
        f"{server.url}/text/ner", headers=HEADERS, json={"text": "a", "labels": labels}, timeout=30
    )
    assert (answer.status_code, answer.json()["error"][:6]) == (400, "labels")


def test_the_published_client_with_all_that_it_can_send(server: Server) -> None:
    """By a slip of its own it asks for the most negative sentences in place of the positive."""
    program = """
import json, sys, types
sys.modules["deepgram"] = types.ModuleType("deepgram")  # a client of speech recognition
from pynlpl.web.text import TheTextAPI

TheTextAPI.TEXT_API_ENDPOINT = sys.argv[1] + "/text/"
api = TheTextAPI()
api.use_key(sys.argv[2])
text = sys.argv[3]
print(json.dumps([
    api.ner(text), api.ner(doctype="ARTICLE"), api.ner(labels="ARTICLE"),
    api.ner(key_list=["GPE", "DATE"]), api.ner(key_list="ARTICLE"),
    api.summarize(text), api.summarize(text, proportion=0.1),
    api.most_common_phrases(text, num_phrases=5), api.least_common_phrases(num_phrases=1),
    api.most_positive_sentences(text, num_sentences=1),
    api.polarity_by_sentence(text, num_sentences=2), api.text_polarity(text),
    api.sentences_with_keywords(["covid", "zebra"], text, include_after=True),
]))
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, server.url, KEYS[0], TEXT],
        capture_output=True,
        text=True,
        check=True,
    )
    review, article, as_labels, types, as_key_list, *rest = json.loads(done.stdout)
    assert article == as_labels == as_key_list
    assert review != article
    assert {type_ for type_, _ in types["ner"]} == {"GPE", "DATE"}
    names = [list(answer) for answer in rest]
    assert names == [
        ["summary"], ["summary"], ["most common phrases"], ["least common phrases"],
        ["most negative sentences"], ["polarity by sentence"], ["text polarity"],
        ["covid", "zebra"],
    ]  # fmt: skip
    assert rest[-1]["zebra"] == []
