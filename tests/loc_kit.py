"""The Library of Congress's newspapers as its API answers; pages and texts are made up."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

from aiohttp import web

PAPERS = ("Lorn herald (Lorn, Ohio)", "Port gazette (Port, Ohio)", "Daily tide (Newhaven, Ohio)")
TEXTS = (
    "The storm broke the harbour wall. The council met in the evening and voted for repairs.",
    "A ferry was late, and the passengers waited in the rain until midnight.",
    "The price of wheat fell again in the market, and farmers spoke of a hard winter.",
)


def result(month: str, number: int) -> dict[str, Any]:
    """One page of a newspaper among the results, with the fields that are read and some others."""
    day = f"{month}-{number % 28 + 1:02}"
    paper = PAPERS[number % len(PAPERS)]
    page = f"http://www.loc.gov/resource/sn{80000000 + number % 3}/{day}/ed-1/?sp={number + 1}"
    segment = (
        f"service:ndnp:ohi:batch_ohi_a_ver01:data:sn8:0021:{day.replace('-', '')}01:{number:04}"
    )
    return {
        "access_restricted": False,
        "date": day,
        "description": ["The storm broke the"],
        "hassegments": False,
        "id": page,
        "image_url": [
            f"https://tile.loc.gov/image-services/iiif/{segment}/full/pct:6.25/0/default.jpg#h=1"
        ],
        "language": ["english"],
        "location_state": ["ohio"],
        "original_format": ["newspaper"],
        "partof_title": [f"{paper.lower()} 1870-1930"],
        "title": f"Image {number + 1} of {paper}, March {number % 28 + 1}, {month[:4]}",
    }


class Library:
    """Months of *pages* pages each, for searches and texts; counts what it was asked."""

    def __init__(self, pages: int, *, wrong_letters: float = 0.0) -> None:
        self.pages, self.wrong_letters = pages, wrong_letters
        self.asked: Counter[str] = Counter()
        self.times: list[tuple[str, float]] = []
        self.queries: list[dict[str, str]] = []
        self.refuse: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        operation = "text" if request.path.startswith("/text-services") else "search"
        self.times.append((operation, time.monotonic()))
        if self.refuse[operation]:
            self.refuse[operation] -= 1
            return web.Response(status=429, text="Too many requests")

        self.asked[f"{operation} {request.query.get('segment') or request.query_string}"] += 1
        return self.text(request) if operation == "text" else self.search(request)

    def search(self, request: web.Request) -> web.Response:
        self.queries.append(dict(request.query))
        month, size = request.query["start_date"][:7], int(request.query["c"])
        number = int(request.query["sp"])
        shown = range((number - 1) * size, min(number * size, self.pages))
        following = "https://www.loc.gov/…" if number * size < self.pages else None
        return web.json_response(
            {
                "results": [result(month, page) for page in shown],
                "pagination": {"of": self.pages, "current": number, "next": following},
            }
        )

    def text(self, request: web.Request) -> web.Response:
        segment = request.query["segment"]
        number = int(segment.rpartition("/")[2].removesuffix(".xml"))
        chosen = random.Random(segment)
        letters = [
            chosen.choice("abcdefgilmnortuv.,1")
            if letter.isalpha() and chosen.random() < self.wrong_letters
            else letter
            for letter in TEXTS[number % len(TEXTS)]
        ]
        return web.json_response(
            {segment: {"full_text": "".join(letters), "height": 1, "width": 1}}
        )
