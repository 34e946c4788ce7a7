"""One wording for each kind of mistake, whatever the file: its line, what is wrong, what to write; all at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field, model_validator

from milo_bench.config.checked import Checked, CheckedFile, FileKind, Mistake, load_checked, read_checked
from milo_bench.config.economics.file import ECONOMICS_FILE, read_economics
from milo_bench.config.policy.file import POLICY_FILE, read_policy
from milo_bench.config.policy.operator import OPERATOR_POLICY_FILE
from milo_bench.config.routing.file import ROUTING_FILE, read_routing
from milo_bench.config.settings import SETTINGS_FILE
from milo_bench.config.written import Problem, read_text, read_written
from milo_bench.core.errors import ConfigError
from milo_bench.suites.manifest import SUITE_FILE
from milo_bench.targets.fake.script import SCRIPT_FILE

SRC = Path(__file__).parents[2] / "src" / "milo_bench"
KINDS: list[FileKind[Any]] = [
    SETTINGS_FILE,
    POLICY_FILE,
    OPERATOR_POLICY_FILE,
    ROUTING_FILE,
    ECONOMICS_FILE,
    SUITE_FILE,
    SCRIPT_FILE,
]


class Circle(Checked):
    kind: Literal["circle"]
    radius: float = Field(gt=0, lt=100)


class Square(Checked):
    kind: Literal["square"]
    side: Annotated[int, Field(ge=1, le=9)]
    circle: str = ""


class Usage(Checked):
    tokens: int


class Drawing(CheckedFile):
    file_name: ClassVar[str] = "drawing.yaml"

    title: str
    shapes: dict[str, Annotated[Circle | Square, Field(discriminator="kind")]] = {}
    usage: Literal["auto", "none"] | Usage = "auto"
    tags: tuple[str, ...] = Field(default=(), max_length=2)
    colours: dict[Literal["red", "green"], bool] = {}
    name: str = Field(default="a", pattern="^[a-z]+$", description="small letters")
    scale: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    limits: dict[str, Usage] | None = None
    api_key: str = ""

    @model_validator(mode="after")
    def _title_and_name_differ(self) -> Drawing:
        if self.title == self.name:
            raise Mistake("title and name are the same", "change one of them.")
        return self


DRAWING: FileKind[Drawing] = FileKind(Drawing, "start it with 'title:'.", "docs/x.md", "draw one.")


def problems(text: str) -> list[tuple[str, str]]:
    """Message and hint of every mistake in ``text``."""
    with pytest.raises(ConfigError) as caught:
        read_checked(text, DRAWING)
    return [(one.message, one.hint) for one in (caught.value, *caught.value.also)]


# 605 bytes that merge into a hundred million keys.
MERGES = "\n".join(
    ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 9)]
)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("titel: x", "line 1: unknown setting 'titel'.", "Did you mean 'title'? Valid settings are: api_key, colours"),
        ("scale: 2", ": 'title' is missing.", "add 'title: …'."),
        ("title: 3", "line 1: title is 3, not text.", "put it in quotes."),
        ("title: [a]", "line 1: title is a list, not text.", "put it in quotes."),
        ("title:", "line 1: 'title' is empty.", "write its value, or leave it out."),
        ("title: t\ntags: x", "line 2: tags is 'x', not a list.", "with dashes or in brackets: tags: [ONE, …]"),
        ("title: t\ntags: [a, b, c]", "line 2: tags has more than 2 entries.", "see docs/x.md."),
        ("title: t\nname: A b", "line 2: name is 'A b'.", "use small letters."),
        ("title: t\nscale: '2'", "line 2: scale is '2', not a number.", "without quotes or a unit."),
        ("title: t\nscale: true", "line 2: scale is true, not a number.", "without quotes or a unit."),
        ("title: t\nscale: .inf", "line 2: scale is .inf, not a finite number.", "write an ordinary number."),
        ("title: t\nshapes: []", "line 2: shapes is a list, not a mapping.", "write its settings below it"),
        ("title: t\nshapes: {a: }", "line 2: 'shapes.a' is empty.", ""),
        ("title: t\nshapes: {a: {radius: 1}}", "line 2: 'shapes.a.kind' is missing.", "add 'kind: …'."),
        ("title: t\nshapes: {a: {kind: squar}}", "shapes.a.kind is 'squar'.", "Did you mean 'square'?"),
        ("title: t\nshapes:\n  a: {kind: circle, radius: 0}", "line 3: shapes.a.radius is 0, not above 0.", "above 0."),
        ("title: t\nshapes:\n  a: {kind: circle, radius: 100}", "radius is 100, not below 100.", "be below 100."),
        ("title: t\nshapes:\n  a: {kind: square, side: 0}", "side is 0, less than 1.", "must be at least 1."),
        ("title: t\nshapes:\n  a: {kind: square, side: 10}", "side is 10, more than 9.", "must be at most 9."),
        ("title: t\nshapes:\n  a: {kind: square, side: x}", "side is 'x', not a whole number.", "without quotes"),
        ("title: t\nshapes:\n  a: {kind: square, side: 1.5}", "side is 1.5, not a whole number.", "without a point"),
        (
            "title: t\nshapes:\n  a: {kind: square, side: 1, circle: {}}",
            "line 3: shapes.a.circle is a mapping, not text.",  # a setting that is called like another alternative
            "put it in quotes.",
        ),
        (
            "title: t\nshapes:\n  a:\n    kind: circle\n    radius: 1\n    side: 2",
            "line 6: unknown setting 'shapes.a.side'.",
            "Valid settings are: kind, radius.",
        ),
        ("title: t\nusage: never", "line 2: usage is 'never'.", "Valid values are: auto, none."),
        ("title: t\nusage: {token: 1}", "line 2: unknown setting 'usage.token'.", "Did you mean 'tokens'?"),
        ("title: t\nusage: {tokens: x}", "line 2: usage.tokens is 'x', not a whole number.", ""),
        ("title: t\ncolours: {gren: true}", "line 2: unknown setting 'colours.gren'.", "Did you mean 'green'?"),
        ("title: t\ncolours: {red: maybe}", "line 2: colours.red is 'maybe', not true or false.", "true or false."),
        ("title: t\nlimits: {a: {}}", "line 2: 'limits.a.tokens' is missing.", "add 'tokens: …'."),
        ("title: t\nname: t", ": title and name are the same.", "change one of them."),
        ("title: t\ntitle: u", "line 2: duplicate key 'title'.", "keep one of them."),
        ("- a", ": the file is a list, not a mapping of settings.", "start it with 'title:'."),
        ("", ": the file is empty.", "start it with 'title:'."),
        ("title: [", "line 1: not valid YAML: expected", "check indentation"),
        ("title: t\nscale: 1.0e+999", "line 2: scale is 1.0e+999, not a finite number.", "write an ordinary number."),
        ("title: t\nname: 2026-13-40", "line 2: name is 2026-13-40, which cannot be read as a date.", "in quotes."),
        ("title: t\nlimits:\n  a: {tokens: " + "9" * 5000 + "}", "line 3: limits.a.tokens is 9999", "a smaller number"),
        ("title: t\n~: 1", "line 2: unknown setting 'null'.", ""),
        ("title: t\nshapes: " + "[" * 3000, "nested too deeply", "at most 60 levels"),
        (MERGES, "line 5: merges more than 10,000 keys.", "write it out plainly."),
        ("title: !!binary aGk=", ": contains binary data, which belongs in a file of its own.", "plainly"),
        ("title: " + "[" * 200, "drawing.yaml", ""),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_write(text: str, said: str, hint: str) -> None:
    (found,) = problems(text)
    assert said in found[0]
    assert found[0].startswith("drawing.yaml")
    assert hint in found[1]


def test_all_mistakes_of_a_file_are_named_in_the_order_of_their_lines() -> None:
    text = "titel: x\nscale: two\nshapes:\n  a: {kind: square, side: 11, colour: red}\n  b: {kind: disc}\n"
    assert [message for message, _ in problems(text)] == [
        "drawing.yaml line 1: unknown setting 'titel'.",
        "drawing.yaml line 2: scale is 'two', not a number.",
        "drawing.yaml line 4: unknown setting 'shapes.a.colour'.",
        "drawing.yaml line 4: shapes.a.side is 11, more than 9.",
        "drawing.yaml line 5: shapes.b.kind is 'disc'.",
    ]


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (
            read_policy,
            "policy: 1\nworkloads:\n  a: {gates: [{probe: egress}, {probe: egress}]}\n  b: {}\n"
            "hours: {tea: {low: 1, base: 1, high: 1, source: me}}\nfindings: [{name: r, when: [], finding: keep}]\n",
            [
                "the gate on probe:egress is repeated",
                "'b' has no gates",
                "hours for 'tea'",
                "although a critical probe",
            ],
        ),
        (
            read_routing,
            "rules:\n- {id: a, route: local, target: x}\n- {id: a, when: {tags: t}, route: refuse}\n"
            "default: {route: local, target: y}\n",
            ["names the unknown target 'x'", "names the unknown target 'y'", "called 'a'", "'a' is never reached"],
        ),
        (
            read_economics,
            "assumptions:\n  Wage: {unit: USD/hour, exact: 1, source: me}\nlines:\n"
            "  a: {kind: monthly_cost, amount: x}\n  b: {kind: monthly_cost, amount: y}\n",
            ["'Wage' cannot be a name", "a.amount is not an assumption: 'x'", "b.amount is not an assumption: 'y'"],
        ),
    ],
    ids=["policy", "routing", "economics"],
)
def test_mistakes_between_settings_are_named_together_too(
    read: Callable[..., object], text: str, said: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, name="x.yaml")
    messages = [one.message for one in (caught.value, *caught.value.also)]
    assert len(messages) == len(said)
    for message, part in zip(messages, said, strict=True):
        assert part in message
        assert message.startswith("x.yaml line ")


def test_further_mistakes_are_in_the_json_form_of_the_error() -> None:
    with pytest.raises(ConfigError) as caught:
        read_checked("title: 1\nname: 2\n", DRAWING)
    assert caught.value.as_record() == {
        "error": {
            "kind": "ConfigError",
            "message": "drawing.yaml line 1: title is 1, not text.",
            "hint": "put it in quotes.",
            "exit_code": 2,
            "also": [{"message": "drawing.yaml line 2: name is 2, not text.", "hint": "put it in quotes."}],
        }
    }


def test_what_may_be_a_key_is_not_repeated() -> None:
    (found,) = problems("title: t\napi_key: [sk-secret]\n")
    assert found == ("drawing.yaml line 2: api_key is not text.", "put it in quotes.")


def test_text_of_the_file_cannot_steer_a_terminal() -> None:
    (found,) = problems('title: t\nusage: "\\e[31m\\u202e' + "x" * 200 + '"\n')
    assert "\x1b" not in found[0] and "\u202e" not in found[0]
    assert "⟦U+001B⟧[31m⟦U+202E⟧" in found[0]
    assert len(found[0]) < 120


def test_a_file_knows_its_name_its_text_and_the_line_of_every_setting(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("\ufefftitle: t\nshapes:\n  a: {kind: square, side: 1}\n", encoding="utf-8")
    drawing = load_checked(path, DRAWING)
    assert (drawing.path, drawing.text[:8]) == (str(path), "title: t")
    assert drawing.where("shapes", "a", "side") == f"{path} line 3"
    assert drawing.where("shapes", "b") == f"{path} line 2"
    assert drawing.where("usage") == str(path)
    assert drawing.has("shapes", "a", "side") and not drawing.has("usage")
    assert drawing.model_copy(update={"title": "u"}).where("shapes") == f"{path} line 2"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_every_kind_of_file_is_read_in_the_same_words(kind: FileKind[Any], tmp_path: Path) -> None:
    def said(text: str) -> ConfigError:
        (tmp_path / kind.name).write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_checked(tmp_path / kind.name, kind)
        return caught.value

    unknown = said("nothing_like_it: 1\n")
    assert unknown.message == f"{tmp_path / kind.name} line 1: unknown setting 'nothing_like_it'."
    assert "Valid settings are: " in unknown.hint
    required = {name for name, field in kind.model.model_fields.items() if field.is_required()}
    missing = {one.message.partition("'")[2].partition("'")[0] for one in unknown.also}
    assert missing == required
    assert said("a: [\n").message.startswith(f"{tmp_path / kind.name} line 2: not valid YAML: ")
    assert said("[]\n").hint == kind.start
    with pytest.raises(ConfigError, match="does not exist") as caught:
        load_checked(tmp_path / "none.yaml", kind)
    assert caught.value.hint == kind.where_from


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_the_page_that_a_kind_of_file_names_is_there(kind: FileKind[Any]) -> None:
    assert (SRC.parents[1] / kind.manual).is_file()


def test_what_a_model_refuses_says_what_to_write_instead() -> None:
    for source in [*(SRC / "config").rglob("*.py"), SRC / "suites/manifest.py", SRC / "targets/fake/script.py"]:
        assert "raise ValueError" not in source.read_text(encoding="utf-8"), f"{source}: raise Mistake, with a hint"


def test_there_is_one_base_of_what_people_write_and_one_reader_of_yaml() -> None:
    for source in SRC.rglob("*.py"):
        place, text = source.relative_to(SRC).as_posix(), source.read_text(encoding="utf-8")
        assert "(BaseModel)" not in text or place == "config/checked.py", place
        assert not re.search(r"from pydantic import .*ValidationError", text) or place == "config/checked.py", place
        reads = "yaml.safe_load(" in text or "yaml.compose(" in text
        # Shipped, or written by this program just before.
        own_data = place.startswith("suites/generators/") or place in (
            "suites/write.py",
            "api/roles/escalating.py",
            "api/gateway/sampling.py",
        )
        finds_places = place == "config/roles/edit.py"  # where a value is in the text, so that it can be replaced
        assert not reads or own_data or finds_places or place == "config/written.py", place
    found = {cls for cls in _subclasses(BaseModel) if cls.__module__.startswith("milo_bench.")}
    assert {cls for cls in found if not issubclass(cls, Checked)} == set()


def _subclasses(cls: type) -> set[type]:
    return {cls} | {one for below in cls.__subclasses__() for one in _subclasses(below)}


def test_a_file_too_large_or_not_utf8_is_named_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    assert read_text(path) == Problem(f"{path} line 2", "not UTF-8 (byte 8)", "save it as UTF-8.")
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    found = read_text(path)
    assert isinstance(found, Problem) and found.what == "larger than 64 MiB"


def test_aliases_that_grow_without_bound_are_refused_before_they_are_written_out() -> None:
    rows = ["a: &a [x, x]"] + [
        f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
    ]
    found = read_written("\n".join(rows) + "\n", name="a.yaml")
    assert isinstance(found, Problem) and "aliases" in found.what


def test_bare_words_that_yaml_takes_for_truth_are_keys_as_written() -> None:
    found = read_written("no: 1\n2026-01-02: x\n3: y\n", name="a.yaml")
    assert not isinstance(found, Problem)
    data: Mapping[str, Any] = found.data
    assert dict(data) == {"no": 1, "2026-01-02": "x", "3": "y"}
    assert found.where("2026-01-02") == "a.yaml line 2"


@pytest.mark.parametrize(
    "value",
    ["2026-02-30", "9" * 5_000, "0x" + "f" * 5_000, "!!bool perhaps", "!!timestamp soon", "!!int x", "1" + "0" * 30],
)
def test_a_value_that_no_log_can_hold_is_named_with_its_line(value: str) -> None:
    found = read_written(f"a: 1\nb: {value}\n", name="bench.yaml")
    assert isinstance(found, Problem)
    assert found.where == "bench.yaml line 2"
    assert found.what.startswith("b is ") and len(found.what) < 200


@pytest.mark.parametrize("text", ["[" * 3_000, "{a: " * 3_000, "- " * 3_000, '{"a": ' + "[" * 3_000])
def test_brackets_without_end_are_refused_before_they_cost_anything(text: str) -> None:
    found = read_written(text, name="bench.yaml")
    assert isinstance(found, Problem) and "nested too deeply" in found.what


def test_a_name_as_long_as_its_file_is_not_repeated_whole() -> None:
    found = Problem("bench.yaml line 1", f"unknown setting '{'x' * 10_000}' here", "y" * 10_000)
    assert len(found.what) <= 2_000 and found.what.endswith(" here") and len(found.hint) <= 2_000
    assert len(ConfigError("z" * 10_000).message) <= 2_000


@pytest.mark.parametrize("text", ['a: "\\ud800"', '"\\udfff": 1', '{"a": ["x\\udc00"]}'])
def test_half_a_character_is_named(text: str) -> None:
    found = read_written(text, name="bench.yaml")
    assert isinstance(found, Problem) and "half a character" in found.what


def test_what_a_file_does_not_mention_is_as_an_empty_mapping_would_be() -> None:
    from milo_bench.config.gateway import GatewayConfig
    from milo_bench.config.policy.file import PolicyDefaults
    from milo_bench.config.roles.file import PromotionPolicy
    from milo_bench.config.routing.rule import Condition, Fallback, RuleLimits
    from milo_bench.config.settings import PrivacyConfig, RunConfig, SigningConfig

    for model in (
        *(GatewayConfig, PolicyDefaults, PromotionPolicy, Condition, Fallback, RuleLimits),
        *(PrivacyConfig, RunConfig, SigningConfig),
    ):
        assert model.usual() == model.model_validate({})
        assert model.usual().model_dump() == model.model_validate({}).model_dump()
