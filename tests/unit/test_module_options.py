"""The methods of the module `tidings` have the options of the commands, and mean the same."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tidings
from analysis.options import Keyword
from tests.module_commands import (
    CLASSES,
    NO_PARAMETERS,
    PLURALS,
    STUB,
    Method,
    find_command,
    list_parameters,
    write_stub,
)
from tidings import commands
from tidings.commands import HomeCommands, RunCommands, TrainingCommands
from tidings.home import open_home
from tidings.run import Run
from tidings.words import add_switch, join, pairs

METHODS = [method for methods in CLASSES.values() for method in methods]

# The commands that `submit` submits, their plans too.
PLANNED = {"months", "accounts", "searches", "feeds"}


class Words(list[str]):
    """The words of a command, in the place of what it returns."""


class HomeWords(HomeCommands[Any]):
    """Returns words where a home runs commands."""

    def _call(self, _command: str, options: Sequence[str], arguments: Sequence[str]) -> Words:
        return Words(join(options, arguments))


class TrainingWords(TrainingCommands[Any]):
    """Returns words where a training is planned."""

    _call = HomeWords._call


class RunWords(RunCommands):
    """Returns words where run 7 runs commands."""

    def _call(self, _command: str, options: Sequence[str], arguments: Sequence[str]) -> Words:
        return Words(join(options, ["7", *arguments]))


OWNERS: tuple[Any, ...] = (HomeWords(), TrainingWords(), RunWords())
ARGUMENTS: dict[str, Any] = {
    "months": "2020-01..2020-02",
    "handles": ["ann", "ben"],
    "terms": ["virus"],
    "feeds": ["https://post.example/feed"],
    "paths": [Path("archive"), "posts"],
    "table": "periods",
    "jobs": ["2020-03"],
    "run": 3,
}


class Sample(NamedTuple):
    """An argument of a method, and the words that say the same to the command."""

    argument: Any
    words: list[str]


# Samples of the options whose texts have a form of their own.
TEXT_SAMPLES = {
    "--by": [Sample("week", ["--by", "week"]), Sample("day,outlet", ["--by", "day,outlet"])],
    "--max-cost": [Sample("20USD", ["--max-cost", "20USD"])],
    "--source": [Sample(["a", "b"], ["--source", "a,b"]), Sample("a,b", ["--source", "a,b"])],
    "--steps": [Sample(["a", "b"], ["--steps", "a,b"]), Sample("a,b", ["--steps", "a,b"])],
}


def samples_of(flag: str, declared: Any) -> list[Sample]:
    """Return arguments for an option, each of another form."""
    if declared.is_flag:
        off = declared.secondary_opts[0] if declared.secondary_opts else None
        return [
            Sample(argument=True, words=[flag]),
            Sample(argument=False, words=[off] if off else []),
        ]

    kind = declared.type_descriptor.annotation
    if flag == "--keyword":
        return [
            Sample("virus", [flag, "virus"]),
            Sample(["virus", "trump NOT biden"], [flag, "virus", flag, "trump NOT biden"]),
            Sample({"virus": "covid* OR flu"}, [flag, "virus:covid* OR flu"]),
            Sample(
                {"virus": ["covid", "flu"], "war": None}, [flag, "virus:covid,flu", flag, "war"]
            ),
        ]

    if flag in {"--column", "--sweep"}:
        return [
            Sample({"text": "headline", "id": "no"}, [flag, "text=headline", flag, "id=no"]),
            Sample({"hidden": [30, 40]}, [flag, "hidden=30,40"]),
            Sample("text=title", [flag, "text=title"]),
        ]

    if declared.multiple:
        return [Sample("a, b", [flag, "a, b"]), Sample(["-a", "b"], [f"{flag}=-a", flag, "b"])]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [Sample(member.value, [flag, member.value]) for member in kind]
    if kind is Path:
        return [Sample(Path("a b.csv"), [flag, "a b.csv"]), Sample("-c.png", [f"{flag}=-c.png"])]
    if kind in {int, float}:
        return [Sample(kind(number), [flag, str(kind(number))]) for number in _numbers(declared)]

    return TEXT_SAMPLES.get(
        flag, [Sample("a 'b' -c", [flag, "a 'b' -c"]), Sample("-d", [f"{flag}=-d"])]
    )


def _numbers(declared: Any) -> list[float]:
    """Return the ends of the range of an option, as far as they are declared, and its default."""
    ends = [end for end in (declared.min, declared.max) if end is not None]
    default = [] if declared.default is None else [declared.default]
    return [*ends, *default] or [0.25 if declared.type_descriptor.annotation is float else 12]


def read_parameters(path: str, words: Sequence[str]) -> dict[str, Any]:
    """Return what a command gets from these words."""
    context = find_command(path).make_context(path, list(words))
    parameters: dict[str, Any] = context.params
    return parameters


def owner_of(method: Method) -> Any:
    return next(owner for owner in OWNERS if hasattr(owner, method.name))


def positional_arguments(method: Method) -> dict[str, Any]:
    positional = {}
    for parameter in list_parameters(method):
        if parameter.is_positional and parameter.default is None:
            positional[parameter.name] = ARGUMENTS[parameter.name]

    return positional


def needed_options(path: str) -> dict[str, str]:
    """Return a value for each option that a command cannot do without, by its flag."""
    declared = find_command(path).params
    return {
        option.opts[0]: "sine"
        for option in declared
        if option.param_type_name == "option" and option.required
    }


def as_typed(method: Method) -> list[str]:
    """Return the arguments of a command as they are typed."""
    words = ["7"] if isinstance(owner_of(method), RunWords) else []
    for argument in positional_arguments(method).values():
        listed = argument if isinstance(argument, list) else [argument]
        words += [str(text) for text in listed]

    return words


def test_the_methods_are_what_the_commands_declare() -> None:
    assert STUB.read_text(encoding="utf-8") == write_stub(), "run: python tests/reference_pages.py"


def _name_parameter(flag: re.Match[str]) -> str:
    option = flag[1].replace("-", "_")
    return f"{'for_' if option == 'for' else PLURALS.get(option, option)}="


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.command)
def test_the_help_of_a_method_says_what_the_page_of_commands_says(method: Method) -> None:
    text = " ".join((getattr(owner_of(method), method.name).__doc__ or "").split())
    for declared in find_command(method.command).params:
        if NO_PARAMETERS.isdisjoint(declared.opts) and declared.name != "run":
            in_python = re.sub(r"--([a-z-]+[a-z])=?", _name_parameter, declared.help)
            assert " ".join(in_python.split()) in text


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.command)
def test_each_option_of_a_command_has_its_parameter_and_means_the_same(method: Method) -> None:
    owner = owner_of(method)
    signature = inspect.signature(getattr(owner, method.name)).parameters
    needed = needed_options(method.command)
    paths = [method.command]
    if method.name in PLANNED:
        paths.append(method.command.replace("submit", "plan"))

    for declared in find_command(method.command).params:
        if declared.param_type_name == "argument" or NO_PARAMETERS.intersection(declared.opts):
            continue

        (flag,) = declared.opts
        parameter = flag.removeprefix("--").replace("-", "_")
        parameter = PLURALS.get(parameter, parameter)
        parameter = parameter if parameter in signature else f"{parameter}_"
        assert parameter in signature, f"{method.name} lacks {flag}"

        others = {option: text for option, text in needed.items() if option != flag}
        named = {option.removeprefix("--"): text for option, text in others.items()}
        typed_others = [word for option_words in others.items() for word in option_words]
        for sample in samples_of(flag, declared):
            options = {**named, parameter: sample.argument}
            words = getattr(owner, method.name)(**positional_arguments(method), **options)
            assert type(words) is Words
            for path in paths:
                typed = [*as_typed(method), *typed_others, *sample.words]
                assert read_parameters(path, words) == read_parameters(path, typed), flag


def test_a_table_takes_the_options_of_an_export_that_say_which_rows_it_has() -> None:
    of_export = inspect.signature(RunWords().export).parameters
    of_table = inspect.signature(Run.table).parameters
    about_files = {"format", "out", "job", "for_", "codebook"}
    assert set(of_table) - {"self", "form"} == set(of_export) - about_files
    for option in ("by", "distinct", "without"):
        names = vars(commands)
        annotation = of_table[option].annotation.replace("By", str(names["By"]))
        assert annotation.replace("typing.", "") == of_export[option].annotation


def test_other_runs_stand_beside_the_report_of_one() -> None:
    third = tidings.Run(open_home(command="tidings").program, 3)
    words: Any = RunWords().report([2, third], out="side by side")
    assert read_parameters("report", words)["run"] == [7, 2, 3]


def test_an_argument_that_begins_with_a_hyphen_is_no_option() -> None:
    words = join(["--phrases=4"], ["-storm"])
    assert words == ["--phrases=4", "--", "-storm"]
    assert add_switch(words, "--once") == ["--phrases=4", "--once", "--", "-storm"]
    assert read_parameters("submit search", words)["terms"] == ["-storm"]
    assert pairs("--column", {"text": "a=b"}) == ["--column=text=a=b"]


def test_a_page_for_coders_is_not_served_where_no_link_leads_from_here() -> None:
    elsewhere = tidings.Run(open_home(command="docker compose run --rm -T tidings").program, 3)

    with pytest.raises(tidings.TidingsError, match=r"tidings code --codebook=relevance .*3` there"):
        elsewhere.label("relevance", serve=True, coder="Ann")


def test_the_words_for_ssh_are_quoted_and_those_for_containers_are_not() -> None:
    words = ["export", "--by=week", "1", "a b; echo $HOME"]
    over_ssh = open_home(command="ssh host tidings").program.line(words)
    assert over_ssh == ["ssh", "host", "tidings", *words[:3], "'a b; echo $HOME'"]
    in_container = open_home(command="docker compose run --rm -T tidings").program.line(words)
    assert in_container[-4:] == words


@pytest.mark.parametrize(
    ("flag", "typed"),
    [
        ("--keyword", {"10:30": ["train"]}),
        ("--keyword", {"a:b": None}),
        ("--keyword", {"texas": ["Paris, Texas"]}),
        ("--keyword", {"texas": "Paris, Texas"}),
        ("--keyword", {"texas": '"Paris, Texas" OR Houston, Texas'}),
        ("--column", {"text=id": "headline"}),
        ("--sweep", {"hidden": ["30,40", "50"]}),
    ],
)
def test_a_word_that_the_command_would_divide_is_refused(
    flag: str, typed: dict[str, str | list[str] | None]
) -> None:
    with pytest.raises(tidings.UsageError, match=f"^{flag}: ") as raised:
        pairs(flag, typed)

    assert raised.value.status == 2


@pytest.mark.parametrize(
    ("typed", "name", "terms"),
    [
        ({"texas": '"Paris, Texas" OR Houston'}, "texas", ("Paris, Texas", "Houston")),
        ({"train": ["10:30"]}, "train", ("train", "10:30")),
        ({"train": '"10:30"'}, "train", ("10:30",)),
    ],
)
def test_a_colon_in_a_term_and_a_comma_in_a_phrase_are_parts_of_the_word(
    typed: dict[str, str | list[str]], name: str, terms: tuple[str, ...]
) -> None:
    (word,) = pairs("--keyword", typed)
    keyword = Keyword.parse(word.removeprefix("--keyword="))
    assert (keyword.name, keyword.terms) == (name, terms)
