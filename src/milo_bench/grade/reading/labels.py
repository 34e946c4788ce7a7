"""An answer to "which label?" in, the texts in it that may be the label out: the whole, or what it says its label is.

``refund``, ``Label: refund``, ``The category is **refund**.``, ``{"label": "refund"}`` and ``<label>refund</label>``
all name one label, and so does a first line with lines that give the reason under it. Words around a label in any other
way may deny it ("not refund") or name a second one, so nothing is looked for in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, Final, NamedTuple

from milo_bench.grade.base import GradeCase

_MOST_READ: Final = 4_000  # characters: what is longer is no label with words around it
_NAMES: Final = (
    "label|labels|category|categories|class|classification|intent|answer|final answer|result|output|prediction|topic|"
    "type|kind|queue|route|department|team|tag|language|sentiment|verdict|decision|choice|"
    "kategorie|klasse|antwort|ergebnis|thema|art|sprache|"
    "étiquette|libellé|catégorie|classe|réponse|résultat|sujet|langue|"
    "etiqueta|categoría|clase|respuesta|resultado|tema|idioma"
)
_BEFORE: Final = (
    "the|this|my|its|your|correct|right|best|final|predicted|assigned|chosen|selected|most|likely|appropriate|message|"
    "text|die|das|der|richtige|passende|la|le|el|bonne|correcta"
)
_IS: Final = r"(?:[:=：]|-{1,2}>|=>|→|(?:is|would be|should be|ist|lautet|est|es)\b)"
_SAID: Final = re.compile(
    rf"[\W_]*+(?:(?:{_BEFORE})\s++){{0,4}}+(?P<name>{_NAMES})[\s*_`\"']*+{_IS}[\s:]*+(?P<label>[^\n]+?)\s*",
    re.IGNORECASE,
)
_LINE_OF_RECORD: Final = re.compile(r"[\W_]*+[^\W\d][\w ]{0,30}[*_`\"']*+\s*[:=：](?P<value>.*)")
_REASON: Final = re.compile(
    r"[\W_]*+(?:(?:the )?(?:reason(?:ing)?|explanation|rationale|justification)|begründung|erklärung|grund|"
    r"(?:la )?(?:raison|explication)|motif|motivo|razón|explicación|justificación)[\s*_`\"']*+[:=：-]"
    r"|[\W_]*+(?:because|weil|parce qu|porque)\b",
    re.IGNORECASE,
)
_TAGGED: Final = re.compile(rf"<(?P<name>{_NAMES})>(?P<label>[^<>]+)</(?P=name)>", re.IGNORECASE)
_BOXED: Final = re.compile(r"\$*(?:\\boxed\{)?(?:\\text\{)?(?P<label>[^{}\\$]+)\}{0,2}\$*")
_NUMBERED: Final = re.compile(r"\d{1,2}[.)]\s+(?P<label>\S.*)")
_NAME: Final = re.compile(_NAMES, re.IGNORECASE)


class LabelSaid(NamedTuple):
    """A text that may be the label: all of it is one, or it is none. ``beside``: values that the answer gives with it,
    of which none may be another label.
    """

    text: str
    beside: tuple[str, ...] = ()


def labels_said(case: GradeCase) -> Iterator[LabelSaid]:
    """What of an answer may be its label, the whole of it first."""
    plain = case.output.strip()
    yield LabelSaid(plain)
    if len(plain) > _MOST_READ:
        return
    value = case.json.value if case.json.usable else None
    if isinstance(value, Mapping):
        yield from _of_object(value)
    else:  # what an object says, its text does not say once more
        yield from _of_words(plain)


def _of_object(value: Mapping[str, Any]) -> Iterator[LabelSaid]:
    """The value of the one key that is called as labels are; nothing where there are several."""
    named = [name for name in value if _NAME.fullmatch(name.replace("_", " ").strip())]
    if len(named) != 1:
        return
    said = value[named[0]]
    said = said[0] if isinstance(said, list) and len(said) == 1 else said
    if isinstance(said, str):
        yield LabelSaid(said, tuple(one for name, one in value.items() if name != named[0] and isinstance(one, str)))


def _of_words(plain: str) -> Iterator[LabelSaid]:
    for form in (_BOXED, _TAGGED, _NUMBERED):
        if (match := form.fullmatch(plain)) is not None:
            yield LabelSaid(match["label"])
    lines = [line for line in plain.splitlines() if line.strip("`*_#- \t")]
    if len(lines) >= 2 and lines[0].rstrip("*_` ").endswith(":"):  # "Label:", and the label under it
        lines[:2] = [" ".join(lines[:2])]
    answer = list(takewhile(lambda line: _REASON.match(line) is None, lines))
    if len(answer) == 1 and len(lines) > 1:
        match = _SAID.fullmatch(answer[0])
        yield LabelSaid(match["label"] if match else answer[0], tuple(_values(lines[1:])))
        return
    read = [(_SAID.fullmatch(line), _LINE_OF_RECORD.fullmatch(line)) for line in lines]
    said = [match["label"] for match, _ in read if match is not None]
    others = [of_record["value"] if of_record else None for match, of_record in read if match is None]
    if len(said) == 1 and None not in others:
        yield LabelSaid(said[0], tuple(one for one in others if one))


def _values(lines: Iterable[str]) -> Iterator[str]:
    """What each of ``lines`` may give as the label: all of it, its value, and what it says the label is."""
    for line in lines:
        yield line
        if (of_record := _LINE_OF_RECORD.fullmatch(line)) is not None and of_record["value"]:
            yield of_record["value"]
        if (said := _SAID.fullmatch(line)) is not None:
            yield said["label"]
