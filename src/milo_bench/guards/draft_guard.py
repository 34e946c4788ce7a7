"""A draft, its case and the templates in, the draft that may be shown out, with what was removed and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from milo_bench.core.cases.record import CaseRecord, ReplyTemplate
from milo_bench.core.locale import parse_locale
from milo_bench.core.records import Frozen
from milo_bench.guards.citations import CitedSentence, cited_sentences, find_citations, find_malformed_citations
from milo_bench.guards.citing.cut import without
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.languages.recognise import NONE, recognise
from milo_bench.guards.measured import spoken_languages
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.promises.promise import POSSIBLE
from milo_bench.guards.requests import read_requests
from milo_bench.guards.sent_on import escalation_reason
from milo_bench.guards.sentences import paragraphs
from milo_bench.guards.templates import template_use

DRAFT_GUARD_VERSION = "5"

GuardRoute: TypeAlias = Literal["pass", "edited", "human_review", "refused"]
ViolationKind: TypeAlias = Literal[
    "uncited_claim",
    "unknown_citation",
    "promise",
    "possible_promise",
    "template",
    "required_text",
    "unresolved_request",
    "possible_receipt",
    "high_risk",
    "missing_field",
    "escalated",
    "empty",
    "unread_language",
]
_RULE_NAMES: Final = {
    "promises_caught": "promises",
    "sentences": "sentences",
    "requests_caught": "requests",
    "policy_text": "policy text",
}
# These say nothing against the draft: the case itself belongs to a person, or only a person can read it.
_FOR_PEOPLE: frozenset[str] = frozenset({"high_risk", "missing_field", "escalated", "unread_language"})

# What may be against the draft: only a person can tell.
_POSSIBLE: frozenset[str] = frozenset({"possible_promise", "possible_receipt"})


class GuardOptions(Frozen, frozen=True):
    """What is held against a draft.

    ``template_policy`` ``any`` asks for no template line. ``as_of`` is the ISO day on which the
    template must be current; "" takes the case's. ``required_text`` is added to that of the
    template. ``locale`` names the language of a draft that is too short to recognise.
    """

    require_citations: bool = True
    reject_promises: bool = True
    template_policy: Literal["current_only", "any"] = "current_only"
    on_uncited: Literal["remove", "refuse"] = "remove"
    as_of: str = ""
    required_text: tuple[str, ...] = ()
    locale: str = ""


class DraftDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft with what it is held against, as one JSON document; ``as_of`` is an ISO day."""

    draft: str
    case: CaseRecord | None = None
    templates: tuple[ReplyTemplate, ...] | None = None
    as_of: str = ""


class Violation(Frozen, frozen=True, omit_defaults=False):
    """Something wrong at ``source[start:end]`` of the draft as it came in (0, 0 for the draft as a whole)."""

    kind: ViolationKind
    reason: str
    start: int = 0
    end: int = 0
    text: str = ""


class CitedFact(Frozen, frozen=True, omit_defaults=False):
    """An event that a paragraph cites, to be shown beside it; ``at`` and ``text`` are "" without a case."""

    event_id: str
    at: str
    text: str


class GuardedParagraph(Frozen, frozen=True, omit_defaults=False):
    """A paragraph of the verified text and the facts that it cites."""

    text: str
    facts: tuple[CitedFact, ...]


class GuardedDraft(Frozen, frozen=True, omit_defaults=False):
    """The result. ``text`` is "" unless the route is ``pass`` or ``edited``.

    ``removed`` are the sentences that were cut for want of a citation, ``violations`` all else.
    """

    text: str
    route: GuardRoute
    removed: tuple[Violation, ...]
    violations: tuple[Violation, ...]
    paragraphs: tuple[GuardedParagraph, ...]
    version: str = DRAFT_GUARD_VERSION


def guard_draft(
    text: str, *, case: CaseRecord | None, templates: Iterable[ReplyTemplate], options: GuardOptions
) -> GuardedDraft:
    """Hold ``text`` against the rules and say what may be shown.

    Route, first that applies: ``human_review`` where the case's risk is high, a field of the case
    is missing, the draft escalates or a sentence is in a language that a rule does not speak;
    ``refused`` where the draft has a promise, an unknown event id, no current template
    (``current_only``), treats an open document request as received, does not carry the required
    text word for word, has uncited claims under ``on_uncited="refuse"``, or nothing that cites is
    left; ``human_review`` where a sentence may be a promise, or may treat an open document as
    received; ``edited`` where uncited claims were removed; else ``pass``. Required text
    is looked for in what is left after removal. A claim whose
    citation is malformed counts as uncited. Without a case, citations are checked for form only. A
    removed sentence can leave a reference without its antecedent; such a draft still wants a reader.
    """
    templates = tuple(templates)
    violations = list(_case_reasons(case))
    escalated = escalation_reason(text)
    if escalated is not None:
        violations.append(_whole("escalated", escalated or "The draft escalates without a reason."))
        return _finished("", (), violations, case)

    required = list(options.required_text)
    if options.template_policy == "current_only":
        use = template_use(text, templates, options.as_of or (case.as_of if case else ""))
        if use.state != "current":
            violations.append(Violation("template", use.reason, use.start, use.end, text[use.start : use.end]))
        if use.template is not None:
            required += use.template.required_text

    open_documents = [request.document for request in case.requests if request.state == "open"] if case else []
    language = parse_locale(options.locale).language if options.locale else ""
    if options.reject_promises:
        violations += _promises(text, required, language)
    violations += _unread(text, options, open_documents, required, language)
    removed: list[Violation] = []
    if options.require_citations:
        uncited, unknown = _citation_faults(text, case, required)
        violations += unknown
        (removed if options.on_uncited == "remove" else violations).extend(uncited)
    left = without(text, [(cut.start, cut.end) for cut in removed])

    reading = read_requests(text, open_documents, expected=language)
    for wrong in reading.treated_as_received:
        what = f"'{wrong.document}' is" if wrong.document else "Document requests are"
        reason = f"{what} still open, but the draft treats it as received."
        violations.append(Violation("unresolved_request", reason, wrong.start, wrong.end, wrong.text))
    for unread in reading.unread:
        reason = f"'{unread.document}' is still open, and no rule reads what this says of it, so a person must."
        violations.append(Violation("possible_receipt", reason, unread.start, unread.end, unread.text))
    for judged in judge_required_text(left, required, expected=language):
        if judged.state != "present":
            violations.append(
                Violation("required_text", f"{judged.state}: {judged.reason} Required: “{judged.required}”")
            )
    if not any(mark.isalnum() for mark in left) or (options.require_citations and removed and not find_citations(left)):
        violations.append(_whole("empty", "No text supported by a citation is left."))
    return _finished(left, removed, violations, case)


def _promises(text: str, required: Sequence[str], language: str) -> Iterable[Violation]:
    for found in read_promises(text, exempt=required, expected=language):
        if found.kind == POSSIBLE:
            reason = f"This {found.reason}, so a person must read it."
            yield Violation("possible_promise", reason, found.start, found.end, found.text)
        else:
            yield Violation("promise", f"{found.kind}: {found.reason}.", found.start, found.end, found.text)


def _unread(
    text: str, options: GuardOptions, open_documents: Sequence[str], required: Sequence[str], language: str
) -> Iterable[Violation]:
    """The parts of the draft in a language that a rule asked for does not speak."""
    asked = {
        "promises_caught": options.reject_promises,
        "sentences": options.require_citations,
        "requests_caught": open_documents,
        "policy_text": required,
    }
    rules = [rule for rule, wanted in asked.items() if wanted]
    for part in recognise(text, expected=language):
        deaf = [rule for rule in rules if part.language not in (NONE, *spoken_languages(rule))]
        if deaf:
            what = language_name(part.language)
            named = " and ".join(_RULE_NAMES[rule] for rule in deaf)
            reason = f"The rules on {named} do not read {what}, so a person must check this."
            yield Violation("unread_language", reason, part.start, part.end, text[part.start : part.end])


def _finished(
    text: str, removed: Iterable[Violation], violations: Iterable[Violation], case: CaseRecord | None
) -> GuardedDraft:
    removed, violations = tuple(removed), tuple(violations)
    kinds = {violation.kind for violation in violations}
    route: GuardRoute = "pass"
    if kinds & _FOR_PEOPLE:
        route = "human_review"
    elif kinds - _POSSIBLE:
        route = "refused"
    elif kinds:
        route = "human_review"
    elif removed:
        route = "edited"
    shown = text if route in ("pass", "edited") else ""
    return GuardedDraft(shown, route, removed, violations, _with_facts(shown, case))


def _whole(kind: ViolationKind, reason: str) -> Violation:
    return Violation(kind=kind, reason=reason)


def _case_reasons(case: CaseRecord | None) -> Iterable[Violation]:
    if case is None:
        return
    if case.risk == "high":
        yield _whole("high_risk", f"Case {case.case_id} is high risk: a person must write this reply.")
    for field in ("case_id", "claimant_name", "opened_at", "as_of", "issue_type"):
        if not getattr(case, field).strip():
            yield _whole("missing_field", f"The case record has no {field}.")


def _citation_faults(
    text: str, case: CaseRecord | None, exempt: Iterable[str]
) -> tuple[list[Violation], list[Violation]]:
    known = {event.id for event in case.events} if case else None
    uncited, unknown = [], []
    for cited in cited_sentences(text, exempt=exempt):
        at = cited.sentence
        strange = [one for one in cited.event_ids if known is not None and one not in known]
        if strange:
            reason = f"The case has no event {', '.join(strange)}."
            unknown.append(Violation("unknown_citation", reason, at.start, at.end, at.text))
        elif cited.claim and not cited.event_ids:
            uncited.append(Violation("uncited_claim", _why_uncited(cited), at.start, at.end, at.text))
    return uncited, unknown


def _why_uncited(cited: CitedSentence) -> str:
    malformed = find_malformed_citations(cited.sentence.text)
    if malformed:
        return f"'{malformed[0].text}' is not a citation like [E-0412]."
    return "Makes a claim about the case but cites no event."


def _with_facts(text: str, case: CaseRecord | None) -> tuple[GuardedParagraph, ...]:
    events = {event.id: event for event in case.events} if case else {}
    found = []
    for part in paragraphs(text):
        ids = dict.fromkeys(citation.event_id for citation in find_citations(part.text))
        facts = tuple(
            CitedFact(one, events[one].at if one in events else "", events[one].text if one in events else "")
            for one in ids
        )
        found.append(GuardedParagraph(text=part.text, facts=facts))
    return tuple(found)
