"""A suite's name or folder in, the whole suite out: contract of each workload, prompts, schemas, fixtures, hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.json_schema import usable_schema
from milo_bench.config.written import Problem, Written, as_error, place, read_text, read_written
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.hashing import sha256_data, sha256_text
from milo_bench.core.records import CheckSpec, Chunks, Fixture, OwnChecks, SuiteRef, Workload
from milo_bench.core.suggest import hint_for
from milo_bench.suites.fixtures import FixtureReader
from milo_bench.suites.manifest import (
    MANIFEST_NAME,
    ChunksConfig,
    Manifest,
    VariantConfig,
    WorkloadConfig,
    read_manifest,
)
from milo_bench.suites.own_checks import read_own_checks
from milo_bench.suites.paths import BUILTIN, EARLIER, LANGUAGES, find_inside, is_shipped, on_disk
from milo_bench.suites.prompts import split_prompt

_RESOURCE_FILES = (".json", ".jsonl", ".yaml", ".yml", ".txt", ".md")


@dataclass(frozen=True)
class Suite:
    """A suite as loaded. ``variants`` names the variants of each workload; ``workloads`` holds the chosen ones.

    ``ref.hash`` covers suite.yaml, every prompt, schema and resource of every variant, and all
    fixtures; it does not depend on which variants were chosen. ``fixture_places`` gives
    file and line by fixture id, ``named_files`` the prompts, schemas, resources and own checks. ``own`` is the
    suite's own Python, where it has any.
    """

    ref: SuiteRef
    title: str
    description: str
    workloads: dict[str, Workload]
    fixtures: tuple[Fixture, ...]
    variants: dict[str, tuple[str, ...]]
    root: Path
    manifest: Manifest = field(repr=False)
    fixture_places: dict[str, tuple[Path, int]] = field(default_factory=dict, repr=False)
    named_files: tuple[str, ...] = ()
    own: OwnChecks | None = None

    def fixture(self, fixture_id: str) -> Fixture:
        """The fixture with that id; UsageError with a suggestion where there is none."""
        for fixture in self.fixtures:
            if fixture.id == fixture_id:
                return fixture
        message = f"Unknown fixture '{fixture_id}' in suite '{self.ref.name}'."
        ids = [fixture.id for fixture in self.fixtures]
        near = hint_for(fixture_id, ids)
        guess = near.split("?")[0] + "? " if near.startswith("Did you mean") else ""
        raise UsageError(message, hint=f"{guess}There are {len(ids)} fixtures, {ids[0]} to {ids[-1]}.")

    def where(self, fixture_id: str) -> str:
        """``fixtures.jsonl line 12``: where that fixture is written."""
        return place(*self.fixture_places[fixture_id])

    def workload(self, name: str) -> Workload:
        """The workload called ``name``; UsageError with a suggestion where there is none."""
        if name not in self.workloads:
            message = f"Unknown workload '{name}' in suite '{self.ref.name}'."
            raise UsageError(message, hint=hint_for(name, self.workloads, noun="workloads"))
        return self.workloads[name]

    @property
    def is_builtin(self) -> bool:
        """It came with the program, so its folder is not the user's."""
        return is_shipped(self.root)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that suite.yaml names, variants included, relative to ``root``."""
        return (*self.named_files, *self.manifest.fixtures)

    def path(self, name: str) -> Path:
        """Where the file ``name`` of ``files`` is; an earlier version has some of them from a later one."""
        return _folder_of(self.root, name) / name

    def prompt_file(self, workload: str) -> Path:
        """The prompt file of the chosen contract of a workload."""
        config = self.manifest.workloads[workload]
        changed = config.variants.get(self.workloads[workload].variant)
        return self.root / (changed.prompt if changed is not None and changed.prompt else config.prompt)

    def check_place(self, workload: str, index: int) -> str:
        """``suite.yaml line N`` of a workload's check, for errors about its name or parameters."""
        variant = self.workloads[workload].variant
        keys = ("variants", variant) if variant and self.manifest.has(*_at(workload, variant), "checks") else ()
        return self.manifest.where("workloads", workload, *keys, "checks", index)


def _at(workload: str, variant: str) -> tuple[str, ...]:
    return ("workloads", workload, "variants", variant) if variant else ("workloads", workload)


def load_suite(name_or_path: str, *, variants: Mapping[str, str] = {}) -> Suite:
    """Load a built-in suite by name, or a suite's folder (or its suite.yaml) by path.

    ``variants`` chooses a variant by workload. Raises UsageError for an unknown suite, workload
    or variant, ConfigError and DataError for a suite that cannot be used.
    """
    suite, problems = read_suite(suite_folder(name_or_path), variants=variants)
    if suite is None or any(problem.severity == "error" for problem in problems):
        raise as_error(problems)
    return suite


def earlier_names() -> tuple[str, ...]:
    """Built-in suites of earlier versions: ``case_ops_v1@1``, ``case_ops_v1@de@3``."""
    return tuple(sorted(folder.parent.name for folder in EARLIER.glob(f"*/{MANIFEST_NAME}")))


def language_names() -> tuple[str, ...]:
    """Built-in suites in other languages: ``case_ops_v1@de``."""
    return tuple(sorted(folder.parent.name for folder in LANGUAGES.glob(f"*/{MANIFEST_NAME}")))


def builtin_names() -> tuple[str, ...]:
    """Names of the shipped suites."""
    return tuple(sorted(folder.parent.name for folder in BUILTIN.glob(f"*/{MANIFEST_NAME}")))


def in_language(name: str, language: str) -> str:
    """The name of the built-in suite ``name`` in ``language``; "" and English are the suite itself.

    Raises UsageError where there is no such suite in that language.
    """
    if language in ("", "en"):
        return name
    found = f"{name}@{language}"
    if found in language_names():
        return found
    known = sorted({one.partition("@")[2] for one in language_names() if one.partition("@")[0] == name})
    message = f"Suite '{name}' is not available in the language '{language}'."
    if not known:
        suites = sorted({one.partition("@")[0] for one in language_names()})
        raise UsageError(message, hint=f"--language is for the built-in suites {', '.join(suites)}.")
    raise UsageError(message, hint=hint_for(language, ["en", *known], noun="languages"))


def suite_folder(name_or_path: str) -> Path:
    """The folder of a suite; a shipped name wins over a folder of the same name. Raises UsageError.

    ``NAME@VERSION`` is a built-in suite as an earlier version had it, ``NAME@LANGUAGE`` one in another language.
    """
    if name_or_path in builtin_names():
        return BUILTIN / name_or_path
    if name_or_path in earlier_names():
        return EARLIER / name_or_path
    if name_or_path in language_names():
        return LANGUAGES / name_or_path
    path = Path(name_or_path)
    if path.name == MANIFEST_NAME and path.is_file():
        return path.parent
    if path.is_dir():
        if (path / MANIFEST_NAME).is_file():
            return path
        message = f"{path} is not a suite: it has no {MANIFEST_NAME}."
        raise UsageError(message, hint="make one from a table or a folder of documents with 'milo-bench suite import'.")
    message = f"Unknown suite '{name_or_path}'."
    known = (*builtin_names(), *language_names())
    hint = hint_for(name_or_path, known, noun="built-in suites")
    raise UsageError(message, hint=f"{hint} Or give a suite's folder.")


def read_suite(root: Path, *, variants: Mapping[str, str] = {}) -> tuple[Suite | None, list[Problem]]:
    """Read everything in ``root``; the suite (None where nothing usable is left) and every problem found.

    Raises UsageError for a workload or variant in ``variants`` that does not exist.
    """
    manifest = read_manifest(root / MANIFEST_NAME)
    if isinstance(manifest, list):
        return None, manifest
    _known_variants(manifest, variants)
    builder = _Builder(root, manifest)
    workloads: dict[str, Workload] = {}
    for name, config in manifest.workloads.items():
        chosen = variants.get(name, "")
        for variant in ("", *config.variants):
            workload = builder.workload(name, config, variant)
            if workload is not None and variant == chosen:
                workloads[name] = workload
    reader = FixtureReader(manifest.workloads)
    for index, written in enumerate(manifest.fixtures):
        path = _find(root, written, manifest.where("fixtures", index))
        if isinstance(path, Problem):
            builder.problems.append(path)
        else:
            reader.read(path)
    digest = sha256_data(
        [
            sha256_text(manifest.text),
            builder.hashes,
            [_in_suite_hash(fixture) for fixture in reader.fixtures],
        ]
    )
    suite = Suite(
        ref=SuiteRef(manifest.name, manifest.version, digest),
        title=manifest.title,
        description=manifest.description,
        workloads=workloads,
        fixtures=tuple(reader.fixtures),
        variants={name: tuple(config.variants) for name, config in manifest.workloads.items()},
        root=root,
        manifest=manifest,
        fixture_places=reader.places,
        named_files=tuple(builder.hashes),
        own=builder.own,
    )
    return suite, [*builder.problems, *reader.problems]


def _find(root: Path, written: str, where: str) -> Path | Problem:
    """A file of the suite. An earlier version of a built-in suite has only those that have changed since."""
    root = _folder_of(root, written)
    if is_shipped(root) and on_disk(root / written) != root / written:
        return root / written
    return find_inside(root, written, where)


def _folder_of(root: Path, written: str) -> Path:
    folders = (root, *_later_versions(root)) if root.parent == EARLIER else ()
    return next((folder for folder in folders if on_disk(folder / written).exists()), root)


def _later_versions(root: Path) -> Iterator[Path]:
    """The folders of the versions after that of ``root``, the next one first, that of today last."""
    name, _, version = root.name.rpartition("@")
    known = {int(other.name.rpartition("@")[2]): other for other in EARLIER.glob(f"{name}@*") if _names(other, name)}
    yield from (known[one] for one in sorted(known) if one > int(version))
    yield (LANGUAGES if "@" in name else BUILTIN) / name


def _names(folder: Path, name: str) -> bool:
    """Whether ``folder`` is a version of the suite ``name``, and not of one in another language."""
    suite, _, version = folder.name.rpartition("@")
    return suite == name and version.isdigit()


def _known_variants(manifest: Manifest, variants: Mapping[str, str]) -> None:
    workloads = manifest.workloads
    for workload, variant in variants.items():
        if workload not in workloads:
            message = f"Unknown workload '{workload}' in suite '{manifest.name}'."
            raise UsageError(message, hint=hint_for(workload, workloads, noun="workloads"))
        if variant and variant not in workloads[workload].variants:
            message = f"Unknown variant '{variant}' of workload '{workload}'."
            raise UsageError(message, hint=hint_for(variant, workloads[workload].variants, noun="variants"))


class _Builder:
    """Makes workloads from their configuration and the files that it names; collects problems and hashes."""

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self._root = root
        self._manifest = manifest
        self.problems: list[Problem] = []
        self.hashes: dict[str, str] = {}
        self.own = self._own_checks()

    def workload(self, name: str, config: WorkloadConfig, variant: str) -> Workload | None:
        chosen: dict[str, Any] = {key: getattr(config, key) for key in VariantConfig.model_fields}
        at = _at(name, variant)
        written: frozenset[str] = frozenset()
        if variant:
            replaced = config.variants[variant]
            written = frozenset(replaced.model_fields_set)
            chosen.update({key: getattr(replaced, key) for key in written})

        def where(key: str, *more: str) -> str:
            return self._manifest.where(*(at if not variant or key in written else _at(name, "")), key, *more)

        prompt = self._text(chosen["prompt"], where("prompt"))
        if prompt is not None:
            try:
                split_prompt(prompt, Path(chosen["prompt"]).stem)
            except ConfigError as error:
                self._problem(str(self._root / chosen["prompt"]), error.message.rstrip("."), error.hint)
        schema, schema_hash = self._schema(chosen["answer_schema"], where("schema"))
        resources = {key: self._resource(value, where("resources", key)) for key, value in chosen["resources"].items()}
        if prompt is None:
            return None
        return Workload(
            name=name,
            prompt_name=Path(chosen["prompt"]).stem,
            prompt_source=prompt,
            prompt_hash=sha256_text(prompt),
            checks=tuple(_check_spec(check) for check in chosen["checks"]),
            title=chosen["title"],
            variant=variant,
            json_schema=schema,
            schema_hash=schema_hash,
            max_tokens=chosen["max_tokens"],
            temperature=chosen["temperature"],
            stop=tuple(chosen["stop"]),
            prepare=chosen["prepare"],
            resources=resources,
            own=self._own_of(chosen["checks"], where("checks")),
            locale=config.locale,
            review=self._manifest.review,
            chunks=self._chunks(chosen["chunks"], where("chunks")),
        )

    def _chunks(self, config: ChunksConfig | None, where: str) -> Chunks | None:
        if config is None:
            return None
        sources = {}
        for name in (config.part, config.merge):
            text = self._text(name, where)
            if text is None:
                return None
            try:
                split_prompt(text, Path(name).stem)
            except ConfigError as error:
                self._problem(str(self._root / name), error.message.rstrip("."), error.hint)
                return None
            sources[name] = text
        return Chunks(
            input=config.input,
            max_words=config.max_words,
            part_name=Path(config.part).stem,
            part_source=sources[config.part],
            merge_name=Path(config.merge).stem,
            merge_source=sources[config.merge],
            max_tokens=config.max_tokens,
        )

    def _own_of(self, checks: list[Any], where: str) -> OwnChecks | None:
        """The suite's own Python where one of ``checks`` is in it, so that other workloads do not carry it."""
        own = self.own
        names = [_check_spec(check).name for check in checks]
        for name in own.names if own is not None else ():
            if names.count(name) > 1:
                self._problem(where, f"the suite's own check '{name}' is listed twice", "list it once.")
        return own if own is not None and any(name in own.names for name in names) else None

    def _own_checks(self) -> OwnChecks | None:
        written = self._manifest.own_checks
        text = self._text(written, self._manifest.where("own_checks")) if written else None
        if text is None:
            return None
        read = read_own_checks(text, self._root / written, name=written)
        if isinstance(read, Problem):
            self._problem(read.where, read.what, read.hint)
            return None
        return read

    def _problem(self, where: str, what: str, hint: str) -> None:
        problem = Problem(where, what, hint)
        if problem not in self.problems:  # a file shared by variants is wrong once
            self.problems.append(problem)

    def _text(self, written: str, where: str) -> str | None:
        path = _find(self._root, written, where)
        if isinstance(path, Problem):
            self._problem(path.where, path.what, path.hint)
            return None
        text = read_text(path)
        if isinstance(text, Problem):
            self._problem(text.where, text.what, text.hint)
            return None
        self.hashes[written] = sha256_text(text)
        return text

    def _data(self, written: str, where: str) -> Any:
        """A JSON, JSON Lines, YAML or text file of the suite as plain data; None where it is broken."""
        text = self._text(written, where)
        if text is None:
            return None
        path, suffix = self._root / written, Path(written).suffix.lower()
        try:
            match suffix:
                case ".json":
                    return msgspec.json.decode(text)
                case ".jsonl":
                    return [msgspec.json.decode(line) for line in text.split("\n") if line.strip()]
                case ".yaml" | ".yml":
                    written_data = read_written(text, name=str(path))
                    if isinstance(written_data, Written):
                        return written_data.data
                    self._problem(written_data.where, written_data.what, written_data.hint)
                case _:
                    return text
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            said = str(error).replace("JSON is malformed: ", "")
            self._problem(str(path), f"broken {suffix[1:].upper()}: {said}", "correct the file.")
        return None

    def _schema(self, written: str | dict[str, Any] | None, where: str) -> tuple[dict[str, Any] | None, str]:
        if written is None:
            return None, ""
        schema = self._data(written, where) if isinstance(written, str) else written
        named = str(self._root / written) if isinstance(written, str) else where
        if schema is None:
            return None, ""
        if not isinstance(schema, dict):
            self._problem(named, "a JSON Schema is an object", 'start with {"type": "object", …}.')
            return None, ""
        import jsonschema_rs  # only a suite with a schema needs it

        try:
            usable_schema(schema)  # the meta-schema that it names would be fetched
            jsonschema_rs.validator_for(schema, offline=True)
        except jsonschema_rs.ValidationError as error:
            at = "/".join(str(part) for part in error.instance_path) or "the top"
            self._problem(named, f"not a valid JSON Schema: at {at}: {error.message}", "correct the schema there.")
            return None, ""
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            self._problem(
                named, (f"not a valid JSON Schema: {error}"), "correct the schema. It must not refer to the web."
            )
            return None, ""
        return schema, sha256_data(schema)

    def _resource(self, value: Any, where: str) -> Any:
        if isinstance(value, str) and "\n" not in value and Path(value).suffix.lower() in _RESOURCE_FILES:
            return self._data(value, where)
        return value


def _check_spec(written: str | dict[str, dict[str, Any] | None]) -> CheckSpec:
    if isinstance(written, str):
        return CheckSpec(written)
    ((name, params),) = written.items()
    return CheckSpec(name, params or {})


def _in_suite_hash(fixture: Fixture) -> list[Any]:
    """What the suite's hash covers of a fixture; one without a group as before there were groups."""
    covered: list[Any] = [fixture.id, fixture.hash, list(fixture.tags)]
    return [*covered, fixture.group] if fixture.group else covered
