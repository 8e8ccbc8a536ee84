"""The page as text: escaped, with links to web addresses alone, and a policy that fits it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from analysis.kinds.accounts import AccountsParameters
from analysis.kinds.months import MonthsParameters
from analysis.kinds.trainings import TrainingParameters
from analysis.options import Keyword
from reports.data.run_command import submit_command
from reports.figures.figure_store import slug
from reports.pages import page


@pytest.mark.parametrize(
    "address", ["https://example.org/a", "http://example.org", "HTTPS://EXAMPLE.ORG/x?y=1"]
)
def test_addresses_of_the_web_become_links(address: str) -> None:
    assert page.web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [None, "", "javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//example.org", "file:///etc/passwd",
     "https:", "https:///x", "ftp://example.org", "https://\nexample.org"],
)  # fmt: skip
def test_other_addresses_do_not(address: str | None) -> None:
    assert page.web_address(address) is None


def test_shares_keep_a_digit_that_shows_them() -> None:
    assert [page.format_share(share) for share in (None, 0.0, 0.2199, 0.00028)] == [
        "\u2013",
        "0.0 %",
        "22.0 %",
        "0.028 %",
    ]


def test_a_missing_number_is_a_dash_and_zero_is_a_zero() -> None:
    assert [page.format_number(n) for n in (None, 0, 13400)] == ["\u2013", "0", "13,400"]


def test_the_policy_names_the_hashes_of_the_style_and_script_that_stand_in_the_page() -> None:
    html = page.render("base.html", title="<script>alert(1)</script>", made=None)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]

    assert "default-src &#39;none&#39;" in policy[1]
    assert "<title>&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize(
    ("name", "expected"),
    [("covid", "covid"), ("@nasa", "@nasa"), ("name.bsky.social", "name.bsky.social")],
)
def test_a_plain_name_is_its_own_file_name(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "a/b",
        "Hong Kong",
        "<script>",
        "=cmd|x",
        "\u0633\u0644\u0627\u0645",
        "",
        "..",
        "COVID",
    ],
)
def test_any_other_name_becomes_a_safe_file_name_of_its_own(name: str) -> None:
    made = slug(name)
    assert re.fullmatch(r"[\w@][\w.@-]*", made)
    assert ".." not in made
    assert made != slug(name + "x")


def test_two_names_that_look_alike_as_files_are_kept_apart() -> None:
    assert len({slug("hong kong"), slug("hong-kong"), slug("Hong Kong")}) == 3


def test_the_command_to_reproduce_a_run_says_what_differs_from_the_defaults() -> None:
    parameters = MonthsParameters(
        first="2020-03", last="2020-06", material="News", max_words=80, steps=("keywords",),
        keywords=(
            Keyword.parse("covid:covid-19,coronavirus"),
            Keyword.parse("Hong Kong"),
        ),
    )  # fmt: skip
    assert submit_command(parameters, []) == (
        "tidings submit months 2020-03..2020-06 --keyword covid:covid-19,coronavirus "
        "--keyword 'Hong Kong' --material News --steps keywords --max-words 80"
    )


def test_the_command_of_months_names_an_archive_that_is_not_the_default() -> None:
    covid = Keyword.parse("covid")
    parameters = MonthsParameters(
        first="2020-03", last="2020-03", keywords=(covid,), sources=("gazette",)
    )
    assert submit_command(parameters, []) == (
        "tidings submit months 2020-03..2020-03 --keyword covid --source gazette"
    )


def test_the_command_of_handles_names_them() -> None:
    assert submit_command(AccountsParameters(source="x"), ["@nasa", "@a"]) == (
        "tidings submit handles @nasa @a --source x"
    )


def test_the_command_of_a_training_holds_its_options() -> None:
    parameters = TrainingParameters(
        network="feedforward", data="digits", options={"hidden": [30, 20], "seed": 1}
    )
    assert (
        submit_command(parameters, [])
        == "tidings submit training feedforward --data digits --hidden 30,20 --seed 1"
    )


def test_a_long_command_is_wrapped_into_lines_that_a_shell_joins() -> None:
    command = (
        "tidings submit months 2020-03..2020-06 --keyword covid:covid-19,coronavirus "
        "--material News --phrases 5"
    )
    assert page.wrap_command(command) == (
        "tidings submit months 2020-03..2020-06 \\\n  --keyword covid:covid-19,coronavirus \\\n"
        "  --material News \\\n  --phrases 5"
    )
    assert page.wrap_command("tidings submit handles @nasa") == "tidings submit handles @nasa"
