"""Coding in a terminal: a text at a time, a key for each code."""

from __future__ import annotations

from collections.abc import Sequence

from typer import getchar

from analysis.codebooks.codebook import SEPARATOR, Codebook, VariableType
from cli.codebook_text import (
    describe_keys,
    list_definitions,
    list_instructions,
    name_code,
    wrap,
)
from cli.messages import show
from core.printing import printable
from models.codes import CodeValue, Coding, StoreOutcome, read_codes, read_codes_elsewhere
from models.database import Database
from producers.code_sample import SampledText
from producers.coding_session import (
    CANNOT_BE_CODED,
    HELP,
    NONE_KEY,
    QUIT,
    REASONS_BY_KEY,
    UNDO,
    CodingSession,
    DatabaseCodes,
    Question,
    assign_keys,
    cannot_be_coded,
    code_of_key,
)

# An empty key says that the terminal has gone.
GONE = ("", "\x04")

ENTER = ("\r", "\n")
BACKSPACE = ("\x7f", "\x08")
ESCAPE = "\x1b"

THERE_ALREADY = (
    "this coder has coded it meanwhile in another session: that code stays. "
    "Whoever else codes gives a name of their own: --coder NAME"
)
ERASED = "its document was erased meanwhile: it has no code"


class TerminalSession:
    """Asks the questions of a sample until all are answered or the coder quits.

    Each code is stored at its key, so that nothing is lost however the session ends.
    """

    def __init__(
        self, sample: Sequence[SampledText], session: CodingSession, *, is_part: bool = False
    ) -> None:
        """Begin a session on a sample, or on a part of what is to be coded."""
        self._sample = sample
        self._is_part = is_part
        self._session = session
        # The unit and the question of it that stand above what is printed next.
        self._shown: int | None = None
        self._asked: str | None = None

        # The categories that are chosen so far, where several may apply.
        self._chosen: set[str] = set()

    def run(self) -> bool:
        """Ask until all is coded or the coder quits; return whether all is coded."""
        self._show_start()
        while (question := self._session.question) is not None:
            self._show_question(question)
            key = read_key()
            if key in GONE or key.lower() == QUIT:
                show("stopped: the same command goes on from here")
                return False

            self._take_key(question, key)

        if not self._is_part:
            show(f"all {len(self._sample):,} are coded: a larger --n draws more")

        return True

    def _take_key(self, question: Question, key: str) -> None:
        if key.lower() == UNDO:
            self._undo()
        elif key.lower() == CANNOT_BE_CODED:
            value = self._ask_why()
            self._asked = None
            if value is not None:
                self._store(question, value, "cannot be coded")
        elif key == HELP:
            self._show_help(question)
        elif not assign_keys(question.variable):
            self._take_number(question, key)
        elif question.variable.type == VariableType.CATEGORIES and key != NONE_KEY:
            self._toggle(question, key)
        else:
            code = code_of_key(question.variable, key)
            if code is None:
                self._show_keys(question)
            else:
                self._store(question, CodeValue(code), name_code(question.variable, code))

    def _store(self, question: Question, value: CodeValue, code_name: str) -> None:
        """Store a code, and print the outcome."""
        outcome = self._session.answer(question.unit, question.variable.name, value)
        self._chosen.clear()
        if outcome is StoreOutcome.STORED:
            show(f"    {code_name}")
            return

        is_erased = outcome is StoreOutcome.ERASED
        self._show_lines(ERASED if is_erased else THERE_ALREADY)
        self._shown = None

    def _undo(self) -> None:
        """Take back the categories that are chosen, or the last code."""
        if self._chosen:
            self._chosen.clear()
            show("    undone")
            return

        self._shown = None
        is_undone = self._session.undo() is not None
        show("    undone" if is_undone else "    there is nothing to undo")

    def _toggle(self, question: Question, key: str) -> None:
        """Choose a category, or leave it out again; Enter stores those that are chosen."""
        if key in ENTER and self._chosen:
            code = question.variable.parse_code(SEPARATOR.join(self._chosen))
            self._store(question, CodeValue(code), name_code(question.variable, code))
            return

        category = code_of_key(question.variable, key)
        if category is None:
            self._show_keys(question)
            return

        self._chosen ^= {category}
        chosen = [code for code in question.variable.codes if code in self._chosen]
        show(f"    chosen: {', '.join(chosen) or 'none of them'} (Enter stores it)")

    def _take_number(self, question: Question, key: str) -> None:
        """Read the number of a long scale, which begins with *key*, up to Enter."""
        written = ""
        while key.isdigit() or key in ("-", "+", *BACKSPACE):
            written = written[:-1] if key in BACKSPACE else f"{written}{key}"
            print(f"\r    {written} ", end="", flush=True)
            key = read_key()

        if written:
            show()
        if key not in ENTER:
            self._show_keys(question)
            return

        try:
            code = question.variable.parse_code(written)
        except ValueError as error:
            self._show_lines(f"{error}")
        else:
            self._store(question, CodeValue(code), name_code(question.variable, code))

    def _ask_why(self) -> CodeValue | None:
        """Return why a text cannot be coded; None if the coder goes back to the question."""
        reasons = "  ".join(f"{key} {reason}" for key, reason in REASONS_BY_KEY.items())
        show(f"    why can it not be coded?  {reasons}  u back")
        while True:
            key = read_key()
            if key in REASONS_BY_KEY:
                return cannot_be_coded(REASONS_BY_KEY[key])
            if key in (*GONE, ESCAPE) or key.lower() in (UNDO, QUIT):
                return None

            show(f"    {reasons}  u back")

    def _show_start(self) -> None:
        done, sampled = f"{self._session.done:,}", f"{len(self._sample):,}"
        show(f"{done} of {sampled} texts are coded.")
        show()
        for line in list_instructions(self._session.codebook):
            show(line)

        show("u undo  q quit  ? instructions and definitions")

    def _show_question(self, question: Question) -> None:
        """Print the text, if it is not shown yet, and what is asked of it."""
        if question.index != self._shown:
            self._shown, self._asked = question.index, None
            self._show_text(question.index)

        if question.variable.name != self._asked:
            self._asked = question.variable.name
            self._chosen.clear()
            self._show_variable(question)

    def _show_text(self, index: int) -> None:
        text = self._sample[index]
        show()
        subject = ", ".join(filter(None, (text.keyword, text.period)))
        show(f"[{index + 1:,} of {len(self._sample):,}] {subject}")
        for paragraph in text.text.splitlines():
            self._show_lines(printable(paragraph))

    def _show_variable(self, question: Question) -> None:
        keyword = self._sample[question.index].keyword
        variable = question.variable
        for line in wrap(f"{variable.name}: {variable.question_about(keyword)}", "  ", "    "):
            show(line)

        self._show_keys(question)

    def _show_keys(self, question: Question) -> None:
        self._show_lines(describe_keys(question.variable))

    def _show_help(self, question: Question) -> None:
        show()
        for line in list_instructions(self._session.codebook, self._sample[question.index].keyword):
            show(line)

        for line in list_definitions(question.variable):
            show(line)

        self._shown = None

    def _show_lines(self, text: str) -> None:
        for line in wrap(text):
            show(line)


def read_key() -> str:
    """Return the pressed key; more than one character (an arrow) is no key."""
    try:
        return getchar()
    except EOFError:
        return ""


def code_in_terminal(
    db: Database,
    codebook: Codebook,
    coding: Coding,
    sample: Sequence[SampledText],
    *,
    is_part: bool = False,
) -> bool:
    """Ask until all texts are coded; return whether they are. More follow if they are a part."""
    with db.read() as connection:
        codes = read_codes(connection, coding)
        codes_elsewhere = read_codes_elsewhere(connection, coding)

    units = [text.unit for text in sample]
    store = DatabaseCodes(db, coding)
    session = CodingSession(codebook, units, codes, store, codes_elsewhere)
    return TerminalSession(sample, session, is_part=is_part).run()
