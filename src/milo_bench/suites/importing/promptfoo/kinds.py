"""The assertion types of promptfoo: which of our assertions each becomes, or why none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from milo_bench.core.suggest import closest

# promptfoo's assertion and the kind of ours, and whether case is ignored. ``not-`` in front negates any of them.
RULES: Final[Mapping[str, tuple[str, bool]]] = {
    "equals": ("equals", False),
    "contains": ("contains", False),
    "icontains": ("contains", True),
    "contains-any": ("contains_any", False),
    "icontains-any": ("contains_any", True),
    "contains-all": ("contains_all", False),
    "icontains-all": ("contains_all", True),
    "starts-with": ("starts_with", False),
    "regex": ("regex", False),
    "is-json": ("is_json", False),
    "contains-json": ("contains_json", False),
    "is-xml": ("is_xml", False),
    "contains-xml": ("contains_xml", False),
    "is-html": ("is_html", False),
    "contains-html": ("contains_html", False),
    "word-count": ("words", False),
    "levenshtein": ("levenshtein", False),
    "rouge-n": ("rouge_n", False),
    "bleu": ("bleu", False),
    "gleu": ("gleu", False),
    "finish-reason": ("finish_reason", False),
    "is-valid-function-call": ("valid_tool_calls", False),
    "is-valid-openai-function-call": ("valid_tool_calls", False),
    "is-valid-openai-tools-call": ("valid_tool_calls", False),
    "tool-call-f1": ("tool_calls_f1", False),
    "assert-set": ("set", False),
}
# These judge the request or what was retrieved for it: the answer is judged whole without them.
NOT_THE_ANSWER: Final = frozenset(("latency", "cost", "context-recall", "context-relevance"))
_COMPARES: Final = "it compares answers. Use 'milo-bench compare'"
_TRACES: Final = "it reads the trace of an agent. Measure agents with 'milo-bench operator run'."
_SERVICE: Final = "another service decides it, and an import calls none. Write what it looks for as an llm-rubric."
# No check judges these, and why.
REFUSED: Final[Mapping[str, str]] = {
    "latency": "it limits a time. Set a gate in policy.yaml: {measure: latency_p95_s, at_most: SECONDS}.",
    "cost": "it limits a price. Set a gate in policy.yaml, with the prices in economics.yaml.",
    "perplexity": "it reads log probabilities. Add one of the built-in checks.",
    "perplexity-score": "it reads log probabilities. Add one of the built-in checks.",
    "select-best": f"{_COMPARES}, or a rubric with form: pairwise.",
    "max-score": f"{_COMPARES}.",
    "context-recall": "it judges the retrieved context, not the answer.",
    "context-relevance": "it judges the retrieved context, not the answer.",
    "classifier": _SERVICE,
    "moderation": _SERVICE,
    "pi": _SERVICE,
    "webhook": _SERVICE,
    "guardrails": "the provider's own filter decides it. Write what it looks for as an llm-rubric.",
    "search-rubric": "its judge searches the web. Write it as an llm-rubric with the facts in it.",
    "agent-rubric": "an agent decides it. Write it as an llm-rubric.",
    "human": "people judge answers with 'milo-bench review'.",
    "meteor": "it needs a dictionary of synonyms. Use bleu, gleu or rouge-n.",
    "similar:dot": "a likeness is a cosine here. Use similar.",
    "similar:euclidean": "a likeness is a cosine here. Use similar.",
    "ruby": "its script is not run. Add one of the built-in checks.",
    "skill-used": _TRACES,
    "trace-error-spans": _TRACES,
    "trace-span-count": _TRACES,
    "trace-span-duration": _TRACES,
    "trajectory:goal-success": _TRACES,
    "trajectory:step-count": _TRACES,
    "trajectory:tool-args-match": _TRACES,
    "trajectory:tool-sequence": _TRACES,
    "trajectory:tool-used": _TRACES,
}
_JUDGED: Final = (
    "answer-relevance", "context-faithfulness", "conversation-relevance", "factuality", "g-eval", "is-refusal",
    "is-sql", "contains-sql", "llm-rubric", "model-graded-closedqa", "model-graded-factuality", "similar",
    "similar:cosine",
)  # fmt: skip
_SCRIPTS: Final = ("javascript", "python")
KNOWN: Final = frozenset((*RULES, *REFUSED, *_JUDGED, *_SCRIPTS))
_RED_TEAM: Final = "promptfoo:redteam:"


def refusal(kind: str) -> str:
    """What to do about an assertion that no check judges."""
    if kind in REFUSED:
        return REFUSED[kind]
    if kind.startswith(_RED_TEAM):
        return "a red-team plugin decides it. Write what the answer must not do as an llm-rubric."
    if kind in KNOWN:
        return "no check does exactly this. Add one of the built-in checks."
    guess = closest(kind, KNOWN)
    said = "promptfoo has no such assertion"
    return f"{said}. Did you mean '{guess}'?" if guess else f"{said}. Add one of the built-in checks."
