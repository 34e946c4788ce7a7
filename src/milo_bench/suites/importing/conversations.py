"""Rows whose input is a conversation in, the same rows with its messages checked and its last answer as gold out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from milo_bench.config.written import Problem
from milo_bench.suites.conversation import is_conversation, plain_conversation, read_conversation
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.importer import Imported, ImportRequest

MESSAGES = "messages"
EXPECTED = "last answer"
_NAMES = ("messages", "conversation", "conversations", "chat", "dialog", "dialogue", "turns")


def with_conversations(
    rows: Sequence[ImportRow], request: ImportRequest, result: Imported
) -> tuple[Sequence[ImportRow], ImportRequest]:
    """The rows and the request for them: unchanged where no column holds conversations.

    The column becomes the input ``messages``. Where the request names no label and no expectation, and the
    conversations end with an answer of the assistant, that answer is taken out and is what a model is compared
    with. A row whose messages cannot be read is named in ``result.broken``.
    """
    column = _column(rows, request)
    if not column:
        return rows, request
    takes_answer = not request.label and not request.expects and not _has_gold(rows)
    kept: list[ImportRow] = []
    answered = 0
    for row in rows:
        values = dict(row.values)
        try:
            messages = read_conversation(values.pop(column, None))
        except ValueError as error:
            result.broken.append(Problem(row.place, f"'{column}': {error}", "write {role, content}.", kind="data"))
            continue
        if takes_answer and len(messages) > 1 and messages[-1].role == "assistant" and messages[-1].content.strip():
            values[EXPECTED] = messages[-1].content.strip()
            messages = messages[:-1]
            answered += 1
        kept.append(replace(row, values={**values, MESSAGES: plain_conversation(messages)}))
    inputs = tuple(MESSAGES if name == column else name for name in request.inputs) or (MESSAGES,)
    if column != MESSAGES:
        result.guesses.append(f"--input {column}, as 'messages'")
    changed = replace(request, inputs=inputs)
    if answered:
        result.guesses.append("the last message of the assistant is the expected answer, compared as a whole")
        changed = replace(changed, equals=EXPECTED)
    return kept, changed


def _column(rows: Sequence[ImportRow], request: ImportRequest) -> str:
    for name in request.inputs or _NAMES:
        values = [row.values[name] for row in rows if row.values.get(name) not in (None, "")]
        if values and sum(map(is_conversation, values)) >= 0.5 * len(values):
            return name
    return ""


def _has_gold(rows: Sequence[ImportRow]) -> bool:
    named = {name.casefold() for row in rows[:100] for name in row.values}
    return bool(named & {"label", "intent", "category", "class", "gold", "expected", "expect", "answer", "output"})
