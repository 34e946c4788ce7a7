"""The rules that are measured by language: labelled rows in, the rows that each finds out.

A rule's rows are in ``tests/data/languages/RULE/LANGUAGE.jsonl``, half of them held out. To measure another rule, add
it to ``RULES``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from milo_bench.core.locale import parse_locale
from milo_bench.guards.certainty import CERTAINTY_VERSION, unsupported_certainty
from milo_bench.guards.cover import COVER_VERSION, find_cover_decisions
from milo_bench.guards.dates import normalise_date
from milo_bench.guards.documents.listed import LISTED_VERSION, read_item
from milo_bench.guards.documents.seen import SEEN_VERSION, sight_of
from milo_bench.guards.facts import FACTS_VERSION, unsupported_facts
from milo_bench.guards.keywords import KEYWORDS_VERSION, keyword_risk
from milo_bench.guards.measured import TO_SPEAK, DetectorCounts, Measured, wilson_95
from milo_bench.guards.personal.data import PERSONAL_VERSION, find_personal_data
from milo_bench.guards.policy_text import POLICY_TEXT_VERSION, judge_required_text
from milo_bench.guards.promises.find import PROMISES_VERSION, find_promises, read_promises
from milo_bench.guards.requests import REQUESTS_VERSION, read_requests
from milo_bench.guards.sentences import SENTENCES_VERSION, split_sentences
from milo_bench.guards.status import STATUS_VERSION, find_status_claims, read_vocabulary
from milo_bench.guards.values.amounts import VALUES_VERSION, read_amount

DATA: Final = Path(__file__).parents[2] / "tests" / "data" / "languages"
STRANGERS: Final = Path(__file__).with_name("strangers.json")
Row: TypeAlias = Mapping[str, Any]


class MeasuredRule(NamedTuple):
    """``wanted`` gives what is in a row, ``found`` what the rule says of it in a language; each thing a word."""

    detector: str
    version: str
    wanted: Callable[[Row], set[str]]
    found: Callable[[Row, str], set[str]]
    note: str
    folder: str
    writer: str = ""
    english: tuple[str, str] = ("", "")  # note and writer, where they differ
    more: Mapping[str, tuple[str, ...]] = {}  # held-out files beside the folder's, by language, "" for all others

    def languages(self) -> list[str]:
        """The ISO 639-1 codes of the languages with labelled rows."""
        return sorted({path.stem for path in (DATA / self.folder).glob("*.jsonl")} | (self.more.keys() - {""}))

    def rows(self, language: str, half: str = "held_out") -> list[Row]:
        """The rows of one half: ``held_out`` or ``tune``."""
        rows = [json.loads(line) for path in self.files(language) for line in path.read_text("utf-8").splitlines()]
        return [
            row for row in rows if row.get("half", "held_out") == half and row.get("language", language) == language
        ]

    def files(self, language: str) -> list[Path]:
        own = DATA / self.folder / f"{language}.jsonl"
        beside = self.more.get(language, self.more.get("", ()))
        return [*([own] if own.exists() else []), *(DATA.parent / name for name in beside)]

    def digest(self, language: str) -> str:
        """SHA-256 of the labelled files, one after the other; they were committed before the rules were written."""
        return hashlib.sha256(b"".join(path.read_bytes() for path in self.files(language))).hexdigest()

    def named(self, language: str) -> str:
        """The held-out files as the rows of ``measured.json`` name them."""
        return " and ".join(str(path.relative_to(DATA.parents[2])) for path in self.files(language)) + ", half held_out"

    def measure(self, language: str) -> Measured:
        """The row of ``measured.json`` for one language, by the held-out part."""
        rows = self.rows(language)
        recalled, wanted, right, found = counts(self, rows, language)
        recall, precision = recalled / wanted if wanted else 0.0, right / found if found else 0.0
        note, writer = self.english if language == "en" and any(self.english) else (self.note, self.writer)
        least_recall, least_precision = TO_SPEAK.get(self.detector, (1.0, 1.0))
        return Measured(
            detector=self.detector,
            version=self.version,
            set=self.named(language),
            n=len(rows),
            precision=round(precision, 4),
            precision_interval=wilson_95(right, found),
            recall=round(recall, 4),
            recall_interval=wilson_95(recalled, wanted),
            note=note,
            writer=writer,
            language=language,
            spoken=recall >= least_recall and precision >= least_precision,
            digest=self.digest(language),
            strangers=_first_measured().get(self.detector, {}).get(language),
        )


@cache
def _first_measured() -> dict[str, dict[str, DetectorCounts]]:
    """What each rule found of texts by writers who had not read it, by detector and language, as `STRANGERS` keeps it.

    They were measured once, with the rules from before any text of the writer was used, so no rule of today gives
    them again. In ``personal_data`` the counts are pieces, and ``right`` is 0, as every text has some.
    """
    return msgspec.json.decode(STRANGERS.read_bytes(), type=dict[str, dict[str, DetectorCounts]])


def counts(rule: MeasuredRule, rows: Iterable[Row], language: str) -> tuple[int, int, int, int]:
    """What was recalled of what was wanted, and what was right of what was found."""
    recalled = wanted = right = found = 0
    for row in rows:
        there, said = rule.wanted(row), rule.found(row, language)
        recalled += len(there & said)
        wanted += len(there)
        right += len(there & said)
        found += len(said)
    return recalled, wanted, right, found


_SAME_TEAM: Final = (
    "Held-out texts were written and their digest committed before the rule had words of this language, by the same "
    "team, and the same situations are told in every language. Wordings of strangers will be missed more often."
)


_STATUS_EN: Final = (
    "Office English of many kinds, by a writer who had not read the rules (tests/data/status_fresh_en.jsonl), measured "
    "on once. The rules were widened on eight draws of another hand: those of then found 28 of 32 statuses of the "
    "first and nothing else, 20 of 22 and six others of the second, 17 of 23 and nothing else of the third, all 21 "
    "and four others of the fourth, 17 of 22 and four others of the fifth, 21 of 22 and five others of the sixth, all "
    "20 and five others of the seventh, 19 of 20 and nothing else of the eighth."
)
_STATUS_MORE: Final = {"en": ("status_fresh_en.jsonl",)}
_REQUESTS_EN: Final = (
    "Office English of many kinds, by a writer who had not read the rules (tests/data/requests_fresh_en.jsonl), "
    "measured on once. The rules were widened on five draws of another hand: those of then found 12 of 25 and two "
    "others of the first, 19 of 22 of the second, 9 of 20 and two others of the third, 4 of 20 and two others of the "
    "fourth, 6 of 20 of the fifth. What they miss is in requests_caught."
)
_REQUESTS_CAUGHT_EN: Final = (
    "Office English of many kinds, by a writer who had not read the rules (tests/data/requests_fresh_en.jsonl), "
    "measured on once. Sentences that are read as treating the document as received, or that name it and are left "
    "for a person. Of the fourth draw of another hand, on which the rules were widened, 19 of 20 were caught, and "
    "three others; of the fifth 19 of 20, and four others."
)
_REQUESTS_MORE: Final = {"en": ("requests_fresh_en.jsonl",)}
_POLICY_TEXT_EN: Final = (
    "Letters and notes of offices, written by another hand before it had read the rules. The rules were measured "
    "on the held part once, after they had learnt to read contractions on the other part."
)
_POLICY_TEXT: Final = (
    f"{_SAME_TEAM} Of 80 softened sentences in eight languages by another writer, who had not read the rules "
    "(policy_text_offices.jsonl), the rules of then found 76, and nothing else."
)
_CERTAINTY: Final = (
    f"{_SAME_TEAM} Of 20 sentences that are too sure in German and 20 in French, by another hand "
    "(tests/data/certainty_fresh_abroad.jsonl), the rules of then found 11 and 8, and nothing else. Of 80 in two "
    "draws by a third writer, who had not read the rules (certainty_offices.jsonl), they found 35 and one harmless "
    "sentence; of 30 later ones, in harder words (certainty_offices_third.jsonl), 6; of 69 in German, French and "
    "Spanish by another hand, in two draws (certainty_offices_fourth.jsonl and _fifth), 18. The words were widened "
    "after each, so of the wordings of strangers expect a third to be found. Of 80 sentences in eight languages by a "
    "seventh writer (offices_seventh) they found 45 and 3 of 48 harmless ones, and after the words were widened on "
    "those, 2 of 32 others."
)
_KEYWORDS: Final = (
    _SAME_TEAM.replace("the rule had words of this language", "the words of the families")
    + " Of 22 serious notes in German and 22 in French, by another hand (tests/data/keywords_fresh_abroad.jsonl), the "
    "words of then found 20 and 17, and two harmless ones in each. Of 80 in two draws by a third writer, who had not "
    "read the words (keywords_offices.jsonl), they found 57 and ten harmless ones; of 30 later ones, in harder words "
    "(keywords_offices_third.jsonl), 14; of 69 in German, French and Spanish by another hand, in two draws "
    "(keywords_offices_fourth.jsonl and _fifth), 20, and 8 of 42 harmless ones. They were widened after each, so of "
    "the wordings of strangers expect half to be found. Of 96 notes in eight languages by a seventh writer "
    "(offices_seventh) they found 73, and after the words were widened on those, 15 of 48 others; no harmless one of "
    "96. They were widened on those too."
)
_PACKETS: Final = (
    f"{_SAME_TEAM} The English rules are older than these texts. They were widened after a first measurement on the "
    "held part, where they found 16 of 20 decisions on cover, 20 of 35 sentences on documents read or not seen, and "
    "read 34 of 40 items of lists rightly."
)


_COVER: Final = (
    f"{_PACKETS} In other languages than English a sentence on cover that no rule describes is left for a person. In "
    "German, French and Spanish, of 36 "
    "decisions in quite other words, written later, the rules of then found 4 and left 6 for a person. After the words "
    "were widened on those, of 30 others they found 3 and left 13 for a person. The words were tuned on all of them "
    "since (tests/data/coverage_fresh_abroad.jsonl). Of 64 later ones in eight languages (coverage_letters.jsonl) the "
    "rules of then caught 35: in wordings of strangers expect about half to be caught. Of 48 by a seventh writer, who "
    "had not read the rules (offices_seventh), the rules of then found 12, and of 24 others 5; abroad, 28 of the first "
    "42 were found or left for a person."
)


_FACTS: Final = (
    "News, calls, e-mails and case notes with one changed number, date, amount or name, against true claims in other "
    "words: numbers, dates and names only. Written before the rules by their author, the same stories in every "
    "language, so strangers' texts may be read worse. False flags on true claims are at most 1 in 24. Of 56 "
    "wrong claims in eight languages by another writer, who had not read the rules (offices_seventh), they found 55, "
    "and flagged 1 of 48 true ones; the rules were not changed after that."
)


_PROMISES: Final = (
    "What rules find. Of the 40 held-out texts of the rules' own team they find nearly all; of the 28 that a third "
    "writer wrote in each language, about a quarter. What they miss is in promises_caught."
)
_PROMISES_EN: Final = (
    "What rules find: of a second writer's promises 82%, of a third writer's 61%. What they miss is in promises_caught."
)
_CAUGHT: Final = (
    "Promises that are found or left for a person, so that no check passes them, and how much of what is caught "
    "promises something. The words for doubts are by the third writer, put together after their texts and tuned on "
    "others. Without any rules they catch 90% to 95% of the 20 promises of the rules' own team. Of 203 promises in "
    "three draws of letters by a fourth writer (tests/data/promises_letters.jsonl, all languages) the words of then "
    "caught 143, and were widened after each draw. Of 304 in two draws of office texts in eight languages by a fifth "
    "writer, who had not read the rules (promises_offices.jsonl), they caught 229 and 31 of 288 harmless texts. "
    "After that, of 96 others in harder words (promises_offices_third.jsonl) they caught 60 and 13 of 112 harmless "
    "ones; of 144 in two draws by another hand (promises_offices_fourth.jsonl and _fifth) 91 and 3 of 128 harmless "
    "ones. Of 96 in a plainer draw in eight languages by a seventh writer, who had not read the rules "
    "(offices_seventh), they caught 76 and 4 of 64 harmless ones; after the words were widened on those, of 48 others "
    "41 and none of 32. The words were widened on all of these since. Of 96 by an eighth writer, who had not read the "
    "rules (promises_offices_eighth.jsonl), they caught 83 and 4 of 96 harmless ones, and were not changed after that. "
    "Of wordings of strangers expect two thirds to four fifths to be caught."
)
_CAUGHT_EN: Final = (
    "Promises that are found or left for a person, so that no check passes them, and how much of what is caught "
    "promises something. The words for doubts are by the third writer, who had not read the second writer's texts. Of "
    "1,478 sentences that a model wrote to airline customers (sierra-research/tau-bench, MIT) 38 are left for people; "
    "the words of then were tuned on those. Of 38 promises in two draws of office texts by a fifth writer, who had "
    "not read the rules (promises_offices.jsonl), they caught 28 and 3 of 36 harmless texts; of 12 later ones 6. The "
    "words were widened on these since."
)
_STRANGERS: Final = {
    "en": ("promises_independent.jsonl", "promises_fresh_en.jsonl"),
    "": ("promises_fresh_abroad.jsonl",),
}
_PERSONAL: Final = (
    "Pieces of personal data in sentences that the author of the rules wrote before them, alike in all languages; "
    "names, streets and numbers are drawn with Faker. A piece counts as found where all of it would be replaced. "
    "At first measured with recall 0.92 in English to 1.0 in Portuguese; the rules were changed since, on other texts. "
    "Free prose names people without a title, a role or a known given name more often, and those are missed. Of 113 "
    "pieces in eight languages by another writer, who had not read the rules (offices_seventh), the rules of then "
    "found 103, and 8 numbers of invoices that are no telephone numbers. They were changed after that. Of 40 Polish "
    "names in other cases than the first, without a title (personal_cases_pl.jsonl), the rules of then found 3; then "
    "they learnt the endings, and find all."
)


def _certainty(row: Row, language: str) -> set[str]:
    return {"surer"} if unsupported_certainty(row["text"], [row["source"]], expected=language) else set()


def _softened(row: Row, language: str) -> set[str]:
    (judged,) = judge_required_text(row["text"], [row["required"]], expected=language)
    return {"softened"} & {judged.state}


def _received(row: Row, language: str) -> set[str]:
    read = read_requests(row["text"], [row["document"]], expected=language)
    return {"received"} if read.treated_as_received else set()


def _received_or_unread(row: Row, language: str) -> set[str]:
    read = read_requests(row["text"], [row["document"]], expected=language)
    return {"received"} if read.treated_as_received or read.unread else set()


def _decides(row: Row, language: str) -> set[str]:
    return {"decides"} if find_cover_decisions(row["text"], expected=language) else set()


def _statuses(row: Row, language: str) -> set[str]:
    """The statuses that the check current_status reads as current."""
    claims = find_status_claims(row["text"], read_vocabulary(row["statuses"]), expected=language)
    said = {claim.status for claim in claims if claim.stance == "current"}
    return said or {claim.status for claim in claims[-1:] if claim.stance == "change"}


def _promised(row: Row) -> set[str]:
    return {"promise"} if row.get("promise", row.get("label") == "promise") else set()


def _promises(row: Row, language: str) -> set[str]:
    return {"promise"} if find_promises(row["text"], expected=language) else set()


def _caught(row: Row, language: str) -> set[str]:
    return {"promise"} if read_promises(row["text"], expected=language) else set()


def _ends(row: Row, sentences: Iterable[str]) -> set[str]:
    """Where sentences end inside a text."""
    ends, at = set(), 0
    for sentence in sentences:
        at = row["text"].index(sentence, at) + len(sentence)
        ends.add(str(at))
    return ends - {str(len(row["text"]))}


def _sentences(row: Row, language: str) -> set[str]:
    return _ends(row, [sentence.text for sentence in split_sentences(row["text"])])


def _value(row: Row, language: str) -> set[str]:
    """A date as ISO, a number without zeros behind its decimals, as the row's locale reads it."""
    if row["kind"] == "date":
        locale = parse_locale(row["locale"])
        day = normalise_date(row["text"], day_first=locale.day_first, languages=(locale.language,))
        return {day} if day else set()
    amount = read_amount(row["text"], locale=row["locale"])
    return {_plain(amount)} if amount is not None else set()


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _facts(row: Row, language: str) -> set[str]:
    return {"unsupported"} if unsupported_facts(row["text"], [row["source"]]) else set()


def _unsupported(row: Row) -> set[str]:
    return set() if row["supported"] else {"unsupported"}


def _pieces(row: Row) -> set[str]:
    return {f"{span['start']}-{span['end']}" for span in row["spans"]}


def _covered(row: Row, language: str) -> set[str]:
    """The labelled pieces that are wholly found, and what is found that touches none, by its place."""
    data = find_personal_data(row["text"])
    gone = {place for datum in data for place in range(datum.start, datum.end)}
    marked = {place for span in row["spans"] for place in range(span["start"], span["end"])}
    false = {f"no {datum.start}" for datum in data if marked.isdisjoint(range(datum.start, datum.end))}
    letters = (
        (span, [at for at in range(span["start"], span["end"]) if row["text"][at].isalnum()]) for span in row["spans"]
    )
    return false | {f"{span['start']}-{span['end']}" for span, places in letters if gone.issuperset(places)}


RULES: Final = (
    MeasuredRule(
        "certainty",
        CERTAINTY_VERSION,
        lambda row: {"surer"} if row["surer"] else set(),
        _certainty,
        _CERTAINTY,
        "certainty",
    ),
    MeasuredRule(
        "status",
        STATUS_VERSION,
        lambda row: set(row["current"]),
        _statuses,
        _SAME_TEAM,
        "status",
        "",
        (_STATUS_EN, "a writer who had not read the rules"),
        _STATUS_MORE,
    ),
    MeasuredRule(
        "requests",
        REQUESTS_VERSION,
        lambda row: {"received"} if row["treated_as_received"] else set(),
        _received,
        _SAME_TEAM,
        "requests",
        "",
        (_REQUESTS_EN, "a writer who had not read the rules"),
        _REQUESTS_MORE,
    ),
    MeasuredRule(
        "requests_caught",
        REQUESTS_VERSION,
        lambda row: {"received"} if row["treated_as_received"] else set(),
        _received_or_unread,
        f"{_SAME_TEAM} Sentences that are read as treating the document as received, or that name it and are left for "
        "a person.",
        "requests",
        "",
        (_REQUESTS_CAUGHT_EN, "a writer who had not read the rules"),
        _REQUESTS_MORE,
    ),
    MeasuredRule(
        "coverage_inference",
        COVER_VERSION,
        lambda row: {"decides"} if row["decides"] else set(),
        _decides,
        _COVER,
        "coverage",
    ),
    MeasuredRule(
        "document_reviewed",
        SEEN_VERSION,
        lambda row: {row["says"]} & {"reviewed", "unseen"},
        lambda row, language: {str(sight_of(row["text"], language, names=[row["document"]]))} & {"reviewed", "unseen"},
        _PACKETS,
        "reviewed",
    ),
    MeasuredRule(
        "missing_documents",
        LISTED_VERSION,
        lambda row: {row["says"]},
        lambda row, language: {str(read_item(row["text"], language))},
        _PACKETS,
        "missing",
    ),
    MeasuredRule(
        "policy_text",
        POLICY_TEXT_VERSION,
        lambda row: {"softened"} if row["state"] == "softened" else set(),
        _softened,
        _POLICY_TEXT,
        "policy_text",
        "",
        (_POLICY_TEXT_EN, "another hand"),
    ),
    MeasuredRule(
        "keywords",
        KEYWORDS_VERSION,
        lambda row: {"serious"} if row["serious"] else set(),
        lambda row, language: {"serious"} if keyword_risk(row["text"], expected=language) else set(),
        _KEYWORDS,
        "keywords",
    ),
    MeasuredRule(
        "promises",
        PROMISES_VERSION,
        _promised,
        _promises,
        _PROMISES,
        "promises",
        "the same team and a third writer",
        (_PROMISES_EN, "a second and a third writer"),
        _STRANGERS,
    ),
    MeasuredRule(
        "promises_caught",
        PROMISES_VERSION,
        _promised,
        _caught,
        _CAUGHT,
        "promises",
        "the same team and a third writer",
        (_CAUGHT_EN, "a second and a third writer"),
        _STRANGERS,
    ),
    MeasuredRule(
        "sentences",
        SENTENCES_VERSION,
        lambda row: _ends(row, row["sentences"]),
        _sentences,
        "Ends of sentences inside texts of two or three. Ten held texts a language are the author's, with "
        "abbreviations; the others are of Universal Dependencies. A full stop at the end of a text is not counted.",
        "sentences",
        "Universal Dependencies",
    ),
    MeasuredRule(
        "values",
        VALUES_VERSION,
        lambda row: {row["value"] if row["kind"] == "date" else _plain(Decimal(row["value"]))},
        _value,
        "Amounts and dates of fields in their locale. First measured with 52 of 56 right in Italian, 60 of 61 in "
        "French and all others right; after a second draw of forms, 103 of 112 amounts in English, where a list of "
        "words was not read. Both causes were then put right, so the figures are those after the correction.",
        "amounts",
        "microsoft/Recognizers-Text and Unicode CLDR",
    ),
    MeasuredRule("personal_data", PERSONAL_VERSION, _pieces, _covered, _PERSONAL, "personal", "names by Faker"),
    MeasuredRule("unsupported_facts", FACTS_VERSION, _unsupported, _facts, _FACTS, "facts"),
)
