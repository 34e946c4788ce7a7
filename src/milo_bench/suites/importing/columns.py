"""Rows with named columns in, cases and the workload that fits them out; a guessed column is said aloud."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.suites.conversation import is_conversation
from milo_bench.suites.importing.cell_values import read_cells, say_shortened
from milo_bench.suites.importing.field_kinds import field_checks, field_schema
from milo_bench.suites.importing.heading import adds_up, is_totals
from milo_bench.suites.importing.importer import (
    CheckEntry,
    Imported,
    ImportedCase,
    ImportRequest,
    ValueReaders,
    WorkloadDraft,
)

# Names of columns in English, then in the other languages that the bench speaks; the first that is there is taken.
_ID_NAMES = (
    "id", "case_id", "row_id", "uuid", "key", "name", "file",
    "nr", "nr.", "nummer", "lfd. nr.", "aktenzeichen", "numéro", "n°", "número", "numero", "numer", "番号", "编号",
)  # fmt: skip
_INPUT_NAMES = (
    "text", "input", "document", "body", "message", "question", "content", "prompt", "source", "email", "query",
    "description", "subject", "summary",
    "nachricht", "anfrage", "frage", "beschreibung", "inhalt", "texte", "contenu", "texto", "mensaje", "pregunta",
    "descripción", "testo", "messaggio", "domanda", "descrizione", "tekst", "bericht", "vraag", "omschrijving",
    "schreiben", "brief", "sachverhalt", "letter", "lettre", "carta",
    "wiadomość", "treść", "pytanie", "opis", "mensagem", "pergunta", "descrição", "本文", "文本", "内容",
)  # fmt: skip
_LABEL_NAMES = (
    "label", "intent", "category", "class", "target", "route", "tag", "consistent", "queue",
    "warteschlange", "abteilung", "service", "departamento", "reparto", "afdeling",
    "kategorie", "klasse", "catégorie", "étiquette", "categoría", "etiqueta", "categoria", "etichetta", "categorie",
    "kategoria", "etykieta", "区分", "分类", "类别", "カテゴリ",
)  # fmt: skip
_EXPECT_NAMES = (
    "gold", "expected", "expect", "fields", "answer", "output",
    "erwartet", "antwort", "attendu", "réponse", "esperado", "respuesta", "atteso", "risposta", "verwacht", "antwoord",
    "oczekiwane", "odpowiedź", "resposta",
)  # fmt: skip


_FEW_WORDS = 5
_NUMBER_NAME = re.compile(
    r"(?:^|[\W_])(?:nr|no|id|nummer|number|numéro|número|ref|key)\.?$|\w(?:nr|nummer)\.?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ImportRow:
    """One row of a table and where it stands. ``unread`` are columns whose cell says something that was not read.

    ``numbers`` are the numbers behind cells of a spreadsheet that show text, by column.
    """

    values: dict[str, Any]
    place: str
    provenance: dict[str, Any] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    numbers: Mapping[str, float] = field(default_factory=dict)


def import_rows(rows: Sequence[ImportRow], request: ImportRequest, result: Imported) -> Imported:
    """Fill ``result`` from ``rows``. Raises UsageError for a column that is not there or cannot be guessed."""
    columns = list(dict.fromkeys(column for row in rows for column in row.values))
    if not columns and (lost := [*result.unread, *result.broken]):
        message = f"Nothing in {request.source} can be imported. First: {lost[0]}."
        raise DataError(message, hint=lost[0].hint)
    if not columns:
        message = f"{request.source} contains no rows to import."
        raise UsageError(message, hint="give a table with a header, or one JSON object per line.")
    for name in (
        request.id_column,
        *request.inputs,
        request.label,
        *request.expects,
        *request.tags,
        request.group,
        request.equals,
    ):
        if name and name not in columns:
            message = f"{request.source} has no column '{name}'."
            raise UsageError(message, hint=hint_for(name, columns, noun="columns"))
    if request.label and request.expects:  # the answer to a workload is one or the other: neither is left out unsaid
        message = f"A workload of {request.source} has a label or fields, not both."
        hint = (
            f"import it twice, once with --label '{request.label}' and once with --expect, "
            f"or give --expect '{request.label}' in place of --label."
        )
        raise UsageError(message, hint=hint)
    id_column = (
        request.id_column or _guess(columns, _ID_NAMES, "--id", result) or _distinct_numbers(columns, rows, result)
    )
    label = request.label
    expects = request.expects
    if not label and not expects and not request.equals:
        label = _guess([c for c in columns if c != id_column], _LABEL_NAMES, "--label", result)
        if not label:
            expects = tuple(filter(None, [_guess(columns, _EXPECT_NAMES, "--expect", result)]))
    taken = {id_column, label, *expects, *request.tags, request.group, request.equals}
    inputs = request.inputs
    if not inputs:
        guessed = _guess([c for c in columns if c not in taken], _INPUT_NAMES, "--input", result)
        guessed = guessed or _longest_texts([c for c in columns if c not in taken], rows, result)
        if not guessed:
            message = f"Cannot guess which column of {request.source} is the input."
            raise UsageError(message, hint=f"add --input COLUMN, one of: {', '.join(columns)}.")
        inputs = (guessed,)
    for column in columns:
        if column not in {*taken, *inputs} and not _is_blank(column, rows):
            where = str(request.source)
            result.not_carried.append(Problem(where, f"column '{column}'", "give it with --input or --expect."))
    rows = _without_totals(rows, request, result)
    read_cells(rows, expects, result, request.readers)
    say_shortened(rows, [name for name in (id_column, label, *expects) if name], result)
    mapping = _Mapping(id_column, inputs, label, expects, request.tags, request.group, request.equals)
    _cases(rows, mapping, result)
    _say_gold_in_inputs(result, inputs, str(request.source))
    draft = draft_workload(result, request.workload, inputs, label, expects, readers=request.readers)
    result.workloads.append(draft)
    return result


def _is_blank(column: str, rows: Sequence[ImportRow]) -> bool:
    """Whether a column is what a separator at the end of each line makes: without a name, and without values."""
    return column.startswith("column ") and not any(str(row.values.get(column) or "").strip() for row in rows)


@dataclass(frozen=True)
class _Mapping:
    id_column: str
    inputs: tuple[str, ...]
    label: str
    expects: tuple[str, ...]
    tags: tuple[str, ...]
    group: str
    equals: str


def _say_gold_in_inputs(result: Imported, inputs: Sequence[str], source: str) -> None:
    """Name an input that is the expected answer itself: a model would only have to copy it."""
    judged = [case for case in result.cases if case.expect]
    for column in inputs:
        same = 0
        for case in judged:
            gold = {str(case.expect["label"])} if "label" in case.expect else set()
            gold |= {str(value) for value in case.expect.get("fields", {}).values() if value not in (None, "")}
            same += str(case.input.get(column)).strip() in {value.strip() for value in gold}
        if judged and same >= 0.9 * len(judged):
            said = f"the input '{column}' is the expected answer in {same} of {len(judged)} rows"
            result.not_carried.append(Problem(source, said, "choose the inputs with --input."))


def _distinct_numbers(columns: Iterable[str], rows: Sequence[ImportRow], result: Imported) -> str:
    """The first column that is named as numbers of cases are ("Fall-Nr.") and has another short value in every row."""
    for column in columns:
        values = [str(row.values.get(column) or "").strip() for row in rows]
        if _NUMBER_NAME.search(column) and len(set(values)) == len(values) and 0 < min(map(len, values)) <= 40:
            result.guesses.append(f"--id '{column}'")
            return column
    return ""


def _longest_texts(columns: Iterable[str], rows: Sequence[ImportRow], result: Imported) -> str:
    """The one column with sentences in it, on average five words and twice those of any other; "" for none."""
    words = {
        column: sum(len(value.split()) for row in rows if isinstance(value := row.values.get(column), str)) / len(rows)
        for column in columns
    }
    ranked = sorted(words, key=lambda column: -words[column])
    if not ranked or words[ranked[0]] < _FEW_WORDS or any(2 * words[one] > words[ranked[0]] for one in ranked[1:]):
        return ""
    result.guesses.append(f"--input '{ranked[0]}', which has the longest texts")
    return ranked[0]


def _guess(columns: Iterable[str], names: Sequence[str], flag: str, result: Imported) -> str:
    by_folded = {unicodedata.normalize("NFC", column).casefold().strip(): column for column in columns}
    for name in names:
        if name in by_folded:
            result.guesses.append(f"{flag} {by_folded[name]}")
            return by_folded[name]
    return ""


def _without_totals(rows: Sequence[ImportRow], request: ImportRequest, result: Imported) -> list[ImportRow]:
    kept = [row for row in rows if not is_totals(row.values.values())]
    above = [list(row.values.values()) for row in kept]
    if above and adds_up(above[-1], above[:-1], request.readers.amount):
        kept.pop()
    if len(kept) < len(rows):
        result.guesses.append(f"rows of totals are left out ({len(rows) - len(kept)})")
    return kept


def _cases(rows: Sequence[ImportRow], mapping: _Mapping, result: Imported) -> None:
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        values = {name: row.values.get(name) for name in mapping.inputs}
        if all(value is None or value == "" for value in values.values()):
            result.broken.append(Problem(row.place, "no input", f"fill {', '.join(mapping.inputs)}.", kind="data"))
            continue
        given = row.values.get(mapping.id_column)
        written = f"row-{number:04d}" if given is None or given == "" else str(given)
        case_id = free_id(written, seen)
        if case_id != written and mapping.id_column:
            hint = (
                "make the ids different." if free_id(written, ()) in seen else "an id has letters, digits, . : _ and -."
            )
            result.not_carried.append(Problem(row.place, f"the id '{written}', now '{case_id}'", hint))
        seen.add(case_id)
        tags = tuple(str(value) for name in mapping.tags if (value := row.values.get(name)) not in (None, ""))
        alike = row.values.get(mapping.group) if mapping.group else None
        case = ImportedCase(
            case_id,
            values,
            _expect(row, mapping),
            row.place,
            tags=tags,
            group="" if alike is None else str(alike).strip(),
            provenance=row.provenance,
        )
        result.cases.append(case)


def free_id(written: str, seen: Collection[str]) -> str:
    """``written`` as a fixture id that is not in ``seen``."""
    plain = re.sub(r"[^\w.:-]+", "-", written).strip("-")[:180] or "case"
    number, candidate = 1, plain
    while candidate in seen:
        number += 1
        candidate = f"{plain}-{number}"
    return candidate


def _expect(row: ImportRow, mapping: _Mapping) -> dict[str, Any]:
    if mapping.equals:
        whole = row.values.get(mapping.equals)
        return {} if whole is None or whole == "" else {"equals": str(whole)}
    if mapping.label:
        value = row.values.get(mapping.label)
        return {} if value is None or str(value).strip() == "" else {"label": label_text(value)}
    fields: dict[str, Any] = {}
    for name in mapping.expects:
        if name in row.unread:
            continue  # an error in a cell is not the answer null: the field is unjudged
        value = row.values.get(name)
        if isinstance(value, dict):
            fields.update({str(key): None if item == "" else item for key, item in value.items()})
        else:
            fields[name] = None if value == "" else value
    return {"fields": fields} if fields else {}


def label_text(value: Any) -> str:
    """A label as text on one line; JSON's true and false as yes and no, which is what a model is asked for."""
    return ("yes" if value else "no") if isinstance(value, bool) else " ".join(str(value).split())


def _merge_labels(result: Imported) -> None:
    """Labels that differ in case or in how an accent is stored are one label, in its most frequent spelling."""
    counts: dict[str, Counter[str]] = {}
    for case in result.cases:
        if case.expect.get("label"):
            label = case.expect["label"]
            counts.setdefault(unicodedata.normalize("NFC", label).casefold(), Counter())[label] += 1
    chosen = {folded: spelt.most_common(1)[0][0] for folded, spelt in counts.items()}
    for folded, spelt in counts.items():
        if len(spelt) > 1:
            listed = ", ".join(f"'{label}'" for label in spelt)
            result.guesses.append(f"the labels {listed} are one, '{chosen[folded]}'")
    for case in result.cases:
        if case.expect.get("label"):
            case.expect["label"] = chosen[unicodedata.normalize("NFC", case.expect["label"]).casefold()]


def draft_workload(
    result: Imported,
    name: str,
    inputs: tuple[str, ...],
    label: str,
    expects: tuple[str, ...],
    *,
    readers: ValueReaders = ValueReaders(),  # noqa: B008  frozen
) -> WorkloadDraft:
    """The workload that fits the cases of ``result``: by its labels, its fields, or neither; guesses are said."""
    cases = result.cases
    in_turns = any(is_conversation(case.input.get("messages")) for case in cases)
    pictured = {
        column for column in inputs if any(str(case.input.get(column)).startswith("['pictures/") for case in cases)
    }
    parts = "\n\n".join(
        f"The document is in the picture.\n{{# image: input.{column} #}}" if column in pictured else input_lines(column)
        for column in inputs
        if not (in_turns and column == "messages")
    )
    if label:
        _merge_labels(result)
        labels = sorted({case.expect["label"] for case in cases if case.expect})
        shown = ", ".join(labels)
        rule = f"Answer with exactly one of these labels and nothing else: {shown}."
        return WorkloadDraft(
            name or "classify",
            "Classification",
            _conversation_prompt(parts, rule) if in_turns else input_prompt(rule, parts),
            ["answer_present", {"label": {"labels": labels}}],
            None,
            32,
        )
    if expects:
        fields = list(dict.fromkeys(key for case in cases for key in case.expect.get("fields", {})))
        rule = (
            f"Answer with one JSON object with the keys {', '.join(fields)}. Use null for what the text does not say."
        )
        return WorkloadDraft(
            name or "extract",
            "Field extraction",
            _conversation_prompt(parts, rule) if in_turns else input_prompt(rule, parts),
            field_checks(result.cases, fields, result, readers),
            field_schema(result.cases, fields, readers),
            400,
        )
    rule = "Answer the request below."
    prompt = _conversation_prompt(parts) if in_turns else input_prompt(rule, parts)
    checks: list[CheckEntry] = ["answer_present"]
    if any("equals" in case.expect for case in cases):
        checks.append("equals")
    return WorkloadDraft(name or "answer", "Answers", prompt, checks, None, 400)


def input_lines(column: str) -> str:
    """The lines of a prompt that show one input under its name; the name itself is never a template."""
    return f"{_one_line(column)}:\n{{{{ input[{column!r}] }}}}"


def _one_line(text: str) -> str:
    # Words of the source stand in the template's own text: no braces, no line that could start a message.
    return " ".join(text.split()).replace("{", "(").replace("}", ")")


def input_prompt(rule: str, parts: str) -> str:
    """A prompt file: ``rule`` for the system, ``parts`` for the user."""
    return (
        "{# Written by the import. Describe your own task here (docs/how-to/own-suite.md). #}\n"
        f"{{# role: system #}}\n{_one_line(rule)}\n{{# role: user #}}\n{parts}\n"
    )


def _conversation_prompt(parts: str, rule: str = "") -> str:
    """A prompt file that goes on with a conversation; ``rule`` is said before and after it."""
    lines = ["{# Written by the import. The line with 'messages' is replaced by the messages of each fixture. #}"]
    if rule:
        lines.append(f"{{# role: system #}}\n{_one_line(rule)}")
    if parts:
        lines.append(f"{{# role: user #}}\n{parts}")
    lines.append("{# messages: input.messages #}")
    if rule:
        lines.append(f"{{# role: user #}}\n{_one_line(rule)}")
    return "\n".join(lines) + "\n"
