"""Three made-up accounts, a file of posts each, with the columns that ``tidings import`` reads."""

from __future__ import annotations

import calendar
import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from sources.synthetic import HANDLES, NOTICE
from tools.synthetic.grammar import Bag, Grammar, polish
from tools.synthetic.words import load

_SEED: Final = 2024


def write_posts(folder: Path) -> None:
    """Write ``HANDLE.jsonl`` for each account into *folder*, made where it is missing.

    A line is an object of ``id``, ``handle``, ``created_at`` (UTC, ISO 8601), ``text`` and
    ``note``, oldest first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = load("posts")
    for account in words["accounts"]:
        lines = [json.dumps(post, ensure_ascii=False) + "\n" for post in _posts(account, words)]
        (folder / f"{account['handle']}.jsonl").write_bytes("".join(lines).encode())


def _posts(account: dict[str, Any], words: dict[str, Any]) -> list[dict[str, str]]:
    handle, moods = account["handle"], words["moods"]
    rng = Random(_SEED + HANDLES.index(handle))
    grammar = Grammar(load("people_and_places") | words["rules"], rng)
    of_every_day, tags = Bag(account["everyday"], rng), Bag(account["tags"] + [""] * 28, rng)
    of_mood = {mood: Bag(account[mood], rng) for mood in dict.fromkeys(moods.values())}
    months = Bag(list(moods), rng)
    times = sorted(_time_in(months.draw(), rng) for _ in range(account["posts"]))
    posts = []
    for number, time in enumerate(times, 1):
        mood = of_mood[moods[f"{time:%Y-%m}"]]
        parts = [of_every_day.draw(), mood.draw()] + [of_every_day.draw()] * (rng.random() < 0.4)
        parts = [polish(grammar.expand(part)) for part in parts]
        posts.append(
            {
                "id": f"made-up-{handle}-{number:04}",
                "handle": handle,
                "created_at": f"{time:%Y-%m-%dT%H:%M:%SZ}",
                "text": " ".join([*parts, tags.draw()]).strip(),
                "note": NOTICE,
            }
        )
    return posts


def _time_in(month: str, rng: Random) -> datetime:
    year, number = int(month[:4]), int(month[5:])
    minutes = calendar.monthrange(year, number)[1] * 24 * 60
    minute = int(rng.random() * minutes)
    return datetime(year, number, 1 + minute // 1440, minute // 60 % 24, minute % 60, tzinfo=UTC)
