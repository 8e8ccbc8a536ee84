"""The page on rate limits: its program runs, with nothing of ours but the limiter and errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rate-limits.md"
# Names of modules end the output, so that what was imported is known.
PRINT_IMPORTS = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))\n"


@pytest.mark.thorough
def test_the_limiter_is_used_alone_as_the_page_shows(redis_url: str) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    environment = os.environ | {"REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    output = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program + PRINT_IMPORTS],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    imported = {name for name in json.loads(output) if name.partition(".")[0] in ours}
    assert "core.ratelimit.limiter" in imported
    others = imported - {"core", "core.errors", "core.ratelimit"}
    assert {name for name in others if not name.startswith("core.ratelimit.")} == set()

    with redis.Redis.from_url(redis_url) as client:
        weights = client.hgetall("tidings:limit:model:a:1s:tokens:weights")

    assert weights[b"sum"] == b"420"
