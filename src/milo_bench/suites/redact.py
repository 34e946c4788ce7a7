"""A suite and a redactor in, a suite folder without the personal data out; gold values still match their inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from milo_bench.core.cases.tags import says_sensitive
from milo_bench.core.errors import DataError
from milo_bench.core.hiding.parts import redacted_parts, text_parts, with_texts
from milo_bench.core.records import Fixture
from milo_bench.suites.fixtures import fixture_line, make_fixture
from milo_bench.suites.load import Suite
from milo_bench.suites.write import change_manifest, write_suite

_NAME_KEY = re.compile(r"(?:^|_)(?:name|claimant|applicant|customer|patient|author|caseworker|agent|contact)$", re.I)
# Beside a key "name", these say that it names a thing: a fact and its value, a document and its other names, a tool.
_THINGS_KEYS: Final = frozenset({"aliases", "arguments", "value", "values", "schema", "unit"})
_NO_PERSON_KEY = re.compile(r"file|template|company|organi[sz]ation|product|bank|event|field|document|suite", re.I)


_SECRET_KEY = re.compile(r"pass(?:word|wort|wd|phrase)|pwd|kennwort|secret|token|api_?key|access_?key", re.I)


class Moved(Protocol):
    """A redacted text that knows where each character of the original went."""

    @property
    def text(self) -> str: ...

    def move(self, start: int, end: int) -> tuple[int, int]: ...


class TextRedactor(Protocol):
    """What ``redact_suite`` needs of a redactor; ``guards.personal_data.Redactor`` is one."""

    def begin(self, known: tuple[str, ...]) -> None:
        """A new fixture starts; ``known`` are person names that its fields give."""
        ...

    def learn(self, text: str) -> None:
        """Look at a text before any is redacted, so that a name found late is also found early."""
        ...

    def redact(self, text: str) -> Moved: ...

    def counts(self) -> Mapping[str, int]:
        """Replacements so far by kind."""
        ...


def redact_suite(suite: Suite, *, redactor: TextRedactor, out: Path) -> Mapping[str, int]:
    """Write ``suite`` redacted to the new folder ``out``; replacements by kind.

    Inputs, expectations and provenance are redacted with one set of placeholders. Spans in
    ``expect.spans`` move with the text that they point into. Only the files that suite.yaml names
    are carried over: source material beside them may hold what was just taken out. The tag
    ``sensitive`` becomes ``redacted``. Raises DataError where spans point into no text.
    """
    files: dict[str, str | bytes] = {}
    by_file: dict[str, list[Fixture]] = {name: [] for name in suite.manifest.fixtures}
    names = {suite.path(name): name for name in by_file}
    for fixture in suite.fixtures:
        file, _ = suite.fixture_places[fixture.id]
        by_file[names[file]].append(redact_fixture(fixture, redactor))
    for name in suite.files:
        if name not in by_file:
            files[name] = suite.path(name).read_bytes()
    for name, fixtures in by_file.items():
        files[name] = "".join(fixture_line(fixture) + "\n" for fixture in fixtures)
    version = f"{suite.ref.version}+redacted"
    files["suite.yaml"] = change_manifest(suite.manifest.text, _changes(suite, version))
    write_suite(out, files)
    return redactor.counts()


def _changes(suite: Suite, version: str) -> dict[str, str | int | None]:
    changes: dict[str, str | int | None] = {"version": version}
    for key in ("generator", "seed"):
        if key in suite.manifest.model_fields_set:
            changes[key] = None
    return changes


def redact_fixture(fixture: Fixture, redactor: TextRedactor) -> Fixture:
    """One fixture with its placeholders; spans moved, hash made anew."""
    if "image" in fixture.input:
        message = f"fixture '{fixture.id}' has a picture, and what it shows cannot be redacted."
        raise DataError(message, hint="import its text alone, without '--forms picture'.")
    parts = (fixture.input, fixture.expect, fixture.provenance)
    redactor.begin(tuple(dict.fromkeys(name for part in parts for name in _names(part))))
    for text in _texts(fixture.input):
        redactor.learn(text)
    for part in parts[1:]:
        for text in _labelled_numbers(part):
            redactor.learn(text)
    spans = _moved_spans(fixture, redactor)
    data = msgspec.to_builtins(fixture)
    placed = fixture.input.get("document") if fixture.provenance.keys() & {"positions", "ocr"} else None
    document = redactor.redact(placed) if isinstance(placed, str) else None
    for key in ("input", "expect", "provenance"):
        kept = getattr(fixture, key)
        # A document whose pages move with its text is redacted once, above, and counted once.
        data[key] = _redacted({**kept, "document": ""} if key == "input" and document is not None else kept, redactor)
    if spans is not None:
        data["expect"]["spans"] = spans
    if document is not None:
        data["input"]["document"] = document.text
        _move_places(data["provenance"], fixture.provenance, document)
    data["id"] = _redacted_name(fixture.id, redactor)
    data["tags"] = list(
        dict.fromkeys(
            "redacted" if says_sensitive((tag,)) else tag
            for tag in (*(_redacted_name(tag, redactor) for tag in fixture.tags), "redacted")
        )
    )
    return make_fixture(data)


def redact_values(values: Mapping[str, Any], redactor: TextRedactor, *, named: Any = None) -> dict[str, Any]:
    """Plain data with its placeholders; whatever is no text, number, list or mapping stays as it is.

    ``named`` is where keys say that a value is a person's name: all of it unless given.
    """
    redactor.begin(tuple(dict.fromkeys(_names(values if named is None else named))))
    for text in (*_texts(values), *_keys(values)):
        redactor.learn(text)
    found: dict[str, Any] = _redacted(values, redactor)
    return found


def plain_words(text: str) -> str:
    """``text``, with its placeholders as plain words: where a name may have no brackets."""
    return re.sub(r"\[([A-Z_]+_\d+)\]", r"\1", text)


def _move_places(moved: dict[str, Any], original: Mapping[str, Any], document: Moved) -> None:
    """The starts of pages and the lines read with low confidence, moved with the text."""
    positions = original.get("positions")
    if isinstance(positions, list):
        moved["positions"] = [[document.move(one[0], one[0])[0], *one[1:]] for one in positions]
    ocr = original.get("ocr")
    if isinstance(ocr, dict) and isinstance(ocr.get("low_lines"), list):
        lines = [[*document.move(one[0], one[1]), *one[2:]] for one in ocr["low_lines"]]
        moved["ocr"] = {**moved["ocr"], "low_lines": lines}


def _moved_spans(fixture: Fixture, redactor: TextRedactor) -> dict[str, Any] | None:
    spans = fixture.expect.get("spans")
    if not isinstance(spans, dict) or not spans:
        return None
    text = _spanned_text(fixture)
    moved = redactor.redact(text)
    result: dict[str, Any] = {}
    for name, span in spans.items():
        try:
            result[name] = _move(span, moved, len(text))
        except (TypeError, ValueError):
            message = f"fixture '{fixture.id}': the span of '{name}' is not a [start, end] in its text."
            raise DataError(message, hint="find such fixtures with 'milo-bench suite check'.") from None
    return result


def _move(span: Any, moved: Moved, length: int) -> Any:
    if isinstance(span, list) and span and isinstance(span[0], list):
        return [_move(one, moved, length) for one in span]
    if span is None:
        return None
    start, end = span
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= length):
        raise ValueError("outside the text")
    return list(moved.move(start, end))


def _spanned_text(fixture: Fixture) -> str:
    texts = [value for value in fixture.input.values() if isinstance(value, str)]
    for key in ("document", "text"):
        if isinstance(fixture.input.get(key), str):
            return str(fixture.input[key])
    if len(texts) == 1:
        return texts[0]
    message = f"fixture '{fixture.id}': the text of its spans is unknown."
    raise DataError(message, hint="name that text 'document' in the fixture's input.")


def _redacted(value: Any, redactor: TextRedactor, key: str = "") -> Any:
    """``value`` without personal data; a bare number is known only by ``key``, the record's name for it."""
    if isinstance(value, str):
        return _redacted_text(value, key, redactor)
    if isinstance(value, int) and not isinstance(value, bool):
        return _redacted_number(value, key, redactor)
    if isinstance(value, dict):
        return {_redacted_key(name, redactor): _redacted(item, redactor, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        if (texts := text_parts(value)) is not None:
            value = with_texts(value, redacted_parts(texts, redactor.redact))
        return [_redacted(item, redactor, key) for item in value]
    return value


def _redacted_text(value: str, key: str, redactor: TextRedactor) -> str:
    """The text; a password or token that only its key gives away is read behind that key."""
    if _SECRET_KEY.search(key):
        said, label = redactor.redact(_labelled(key, value)).text, _labelled(key, "")
        if said.startswith(label):
            return said[len(label) :]
    return redactor.redact(value).text


def _redacted_number(value: int, key: str, redactor: TextRedactor) -> int | str:
    """The placeholder of a telephone, account or card number that stands as a JSON number; else the number."""
    said = redactor.redact(_labelled(key, value)).text
    placeholder = said[len(_labelled(key, "")) :]
    return value if str(value) in said or not placeholder else placeholder.strip()


def _labelled(key: str, value: object) -> str:
    return f"{key.replace('_', ' ')}: {value}"


def _redacted_key(key: str, redactor: TextRedactor) -> str:
    """A key that is a value itself, such as an e-mail address; a plain name is the record's own word."""
    return key if key.isidentifier() else redactor.redact(key).text


def _redacted_name(name: str, redactor: TextRedactor) -> str:
    """An id or tag, with its placeholders as plain words."""
    said = redactor.redact(name).text
    return name if said == name else plain_words(said)


def _labelled_numbers(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield _labelled(key, value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _labelled_numbers(item, name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _labelled_numbers(item, key)


def _texts(value: Any) -> Iterator[str]:
    yield from _labelled_numbers(value)
    yield from _written(value)


def _written(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _written(item)
    elif isinstance(value, (list, tuple)):
        if (texts := text_parts(value)) is not None:
            yield "".join(texts)
        for item in value:
            yield from _written(item)


def _keys(value: Any) -> Iterator[str]:
    """Keys that may be values themselves."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isidentifier():
                yield key
            yield from _keys(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _keys(item)


def _names(value: Any) -> Iterator[str]:
    """Values whose key says that they are a person's name; that of a thing has others beside it."""
    if isinstance(value, dict):
        is_thing = not value.keys().isdisjoint(_THINGS_KEYS)
        for key, item in value.items():
            if isinstance(item, str) and _NAME_KEY.search(key) and not _NO_PERSON_KEY.search(key):
                if item.strip() and not (is_thing and key == "name"):
                    yield item
            else:
                yield from _names(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _names(item)
