"""Each rule on texts takes time in proportion to their length, also on texts that were made to be slow.

Processor time is compared with itself: four times the text may cost at most eight times as much, where a rule that
takes the square of the length costs sixteen. What costs next to nothing at the greater length passes without a ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final

import pytest

from milo_bench.core.amounts import find_amounts, parse_amount
from milo_bench.core.reasoning import split_reasoning
from milo_bench.core.text import one_line, visible
from milo_bench.evidence.judges.addressing import words_to_judge
from milo_bench.grade.answer import read_json_answer
from milo_bench.grade.sections import read_sections
from milo_bench.guards.citations import (
    cited_sentences,
    find_citations,
    find_malformed_citations,
    is_claim,
    normalise,
    without_citations,
)
from milo_bench.guards.citing.lines import find_line_citations, without_line_citations
from milo_bench.guards.dates import find_dates, normalise_date
from milo_bench.guards.facts import find_facts, unsupported_facts
from milo_bench.guards.keywords import keyword_risk
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.names import find_names
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.promises.find import find_promises
from milo_bench.guards.quotes import find_quote
from milo_bench.guards.requests import read_requests
from milo_bench.guards.sent_on import escalation_reason
from milo_bench.guards.sentences import languages_told, paragraphs, split_sentences
from milo_bench.guards.templates import template_use
from milo_bench.guards.values.amounts import doubt_of, read_amount

POLICY: Final = "We may ask for more documents before a decision is made."
RULES: Final[dict[str, Callable[[str], Any]]] = {
    "amounts": find_amounts,
    "one amount": parse_amount,
    "reasoning": split_reasoning,
    "visible": visible,
    "one line": one_line,
    "JSON answer": read_json_answer,
    "line citations": find_line_citations,
    "without line citations": without_line_citations,
    "sections": lambda text: read_sections(text, ["Summary", "Next steps"]),
    "cited sentences": cited_sentences,
    "words to a judge": words_to_judge,
    "citations": find_citations,
    "malformed citations": find_malformed_citations,
    "claim": is_claim,
    "normalised": normalise,
    "without citations": without_citations,
    "dates": find_dates,
    "one date": normalise_date,
    "one written amount": read_amount,
    "doubt about an amount": lambda text: doubt_of("1,250", text),
    "languages told": languages_told,
    "facts": find_facts,
    "facts in German": lambda text: find_facts(text, language="de"),
    "facts in Polish": lambda text: unsupported_facts(text, ["Ann Smith zapłaciła 12,50 zł 3 maja."], language="pl"),
    "facts in Japanese": lambda text: find_facts(text, language="ja"),
    "dates in French": lambda text: find_dates(text, language="fr"),
    "sentences in German": lambda text: split_sentences(text, language="de"),
    "unsupported facts": lambda text: unsupported_facts(text, ["Ann Smith paid 12.50 EUR on 3 May 2025."]),
    "facts of a source": lambda text: unsupported_facts("Ann Smith paid 12.50 EUR on 3 May 2025.", [text]),
    "languages": recognise,
    "keywords": keyword_risk,
    "names": find_names,
    "personal data": find_personal_data,
    "policy text": lambda text: judge_required_text(text, [POLICY]),
    "required text": lambda text: judge_required_text(POLICY, [text]),
    "promises": find_promises,
    "promises beside policy": lambda text: find_promises(text, exempt=[text]),
    "quotation": lambda text: find_quote("the roof was damaged by hail", text),
    "requests": lambda text: read_requests(text, ["medical report", "payslips"]),
    "paragraphs": paragraphs,
    "sentences": split_sentences,
    "escalation": escalation_reason,
    "template": lambda text: template_use(text, [], "2025-01-01"),
}
PIECES: Final = (
    *(" ", "\t", "\n", ".", '"', "“", "_", "1", "a", "A"),
    *("1 ", "1. ", "a.", "O'", "the ", "days. ", "Mr. ", "Ann Smith ", "(12) ", "[E-0001]", "we will pay, "),
    *(", but ", "“", "«", "中。", "ß ", "it is clear that ", "it was said that ", "e.g. "),
)
_FEW: Final = (" ", "\t", "1 ", "Ann Smith ")  # it works in windows, each of which costs much
_SERIAL: Final = count()
_AS_LETTERS: Final = str.maketrans("0123456789", "abcdefghij")
SHORT, LONG = 4_000, 16_000
ENOUGH_S: Final = 0.1  # of processor time at LONG: a rule that takes the square needs seconds


def processor_s(rule: Callable[[str], Any], text: str) -> float:
    started = time.process_time()
    rule(text)
    return time.process_time() - started


def grows_too_fast(rule: Callable[[str], Any], piece: str, end: str, *, short: int = SHORT, long: int = LONG) -> str:
    return compared(rule, (piece * short)[:short] + end, (piece * long)[:long] + end, repr(piece))


def _new(text: str) -> str:
    """``text`` with a last word of its own: what another rule was asked before may be kept."""
    return f"{text}x{str(next(_SERIAL)).translate(_AS_LETTERS)}"


def compared(rule: Callable[[str], Any], short: str, long: str, name: str) -> str:
    """What is said of a text four times as long that takes more than eight times as much, "" of any other."""
    taken = processor_s(rule, long)
    if taken < ENOUGH_S:
        return ""
    ratio = min(taken, processor_s(rule, _new(long))) / min(processor_s(rule, _new(short)) for _ in range(3))
    return f"{name}: {ratio:.1f} times the processor time for four times the text" if ratio > 8 else ""


@pytest.mark.parametrize("name", RULES)
def test_a_rule_takes_time_in_proportion_to_the_text(name: str) -> None:
    rule = RULES[name]
    rule("It was paid on 3 May.")  # what is compiled once is no part of it
    pieces = _FEW if name == "personal data" else PIECES
    assert [said for piece in pieces for end in ("", "!x") if (said := grows_too_fast(rule, piece, end))] == []


def test_a_rule_that_takes_the_square_is_found() -> None:
    def square(text: str) -> int:
        return sum(len(text[: at // 2]) for at in range(len(text)) for _ in text[at::64])

    assert "times the processor time for four times the text" in grows_too_fast(square, "a", "")
