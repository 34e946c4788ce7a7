"""No number reaches a page without a figure, a record or a name behind it."""

from __future__ import annotations

import re
import sys
import unicodedata
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import jinja2
import msgspec
import pytest
from markupsafe import Markup

from milo_bench.core.units import figure as amount
from milo_bench.decide.records import Decision, Figure, Ref, Source
from milo_bench.report.figures import part_text, range_text, whole_text
from milo_bench.report.package import render_files
from milo_bench.report.pages.claims import Claims, UnsourcedNumber
from milo_bench.report.pages.names import has_number
from milo_bench.report.pages.render import page_environment
from tests.report.sample_decision import sample_decision


@pytest.fixture(scope="module")
def decision() -> Decision:
    return sample_decision()


@pytest.fixture(scope="module")
def rendered(decision: Decision) -> dict[str, bytes]:
    return render_files(decision)


@pytest.fixture(scope="module")
def claims(decision: Decision) -> Claims:
    return Claims(decision)


def shown(claims: Claims, source: str, **values: object) -> str:
    return page_environment(claims, html=True).from_string(source).render(values)


RECALL = "measure/escalation/local_8b/recall[class=escalate]"


@pytest.mark.parametrize(
    "value", [94, 0.94, True, None, "94%", "recall is 94%", "½ of them", "٩٤%", "<b>3</b>", b"94", ["94"]]
)
def test_a_page_refuses_a_number_without_a_source(claims: Claims, value: object) -> None:
    with pytest.raises(UnsourcedNumber):
        shown(claims, "{{ value }}", value=value)


@pytest.mark.parametrize("source", ["{{ 94 }}", "{{ 0.94 }}", '{{ "94%" }}', "{{ 90 + 4 }}", "{{ [94] | first }}"])
def test_a_template_cannot_state_a_number_itself(claims: Claims, source: str) -> None:
    with pytest.raises(UnsourcedNumber):
        shown(claims, source)


def test_an_unknown_figure_and_a_missing_name_are_refused(claims: Claims) -> None:
    with pytest.raises(UnsourcedNumber, match="which the decision does not have"):
        claims.figure("measure/escalation/local_8b/charm")
    with pytest.raises(jinja2.UndefinedError):
        shown(claims, "{{ charm }}")


def test_a_figure_is_shown_with_its_id_its_value_and_the_way_to_its_source(claims: Claims) -> None:
    text = claims.figure(RECALL, whole=True)
    assert "87% (81–90.9%, n = 180)" in text
    assert f'data-figure="{RECALL}"' in text
    assert 'data-part="whole"' in text
    assert 'value="0.8666666666666667"' in text
    assert 'href="appendix/sources.html#f-measure-2f-escalation' in text


def test_names_with_digits_pass_and_results_beside_them_do_not(claims: Claims) -> None:
    assert claims.words("local_8b is llama3.1:8b-instruct-q4, p95, by claims_v1") == (
        "local_8b is llama3.1:8b-instruct-q4, p95, by claims_v1"
    )
    for text in ("local_8b reaches 94", "p95 of 3 s", "local_8b94", "claims_v1: 12", "note-0412"):
        with pytest.raises(UnsourcedNumber):
            claims.words(text)


def test_a_model_called_94_lets_no_94_through(decision: Decision) -> None:
    odd = msgspec.structs.replace(decision.targets[0], model="94", family="3 5")
    claims = Claims(msgspec.structs.replace(decision, targets=(odd,)))
    for text in ("94 of them", "94", "3 5"):
        with pytest.raises(UnsourcedNumber):
            claims.words(text)


@pytest.mark.parametrize("name", ["70", "3.5", "24/7", "1099\u00a01", "24/7\torders"])
def test_a_name_that_the_team_gave_is_a_name_whatever_it_looks_like(decision: Decision, name: str) -> None:
    target = msgspec.structs.replace(decision.targets[0], name=name)
    title = msgspec.structs.replace(decision, workload_titles={"a": name})
    for given in (msgspec.structs.replace(decision, targets=(target,)), title):
        claims = Claims(given)
        assert claims.words(f"keep on {name}, unchanged")
        for text in ("71 of them", f"{name}%", f"1{name}"):
            with pytest.raises(UnsourcedNumber):
                claims.words(text)


def test_only_what_a_record_says_can_be_quoted(claims: Claims, decision: Decision) -> None:
    finding = decision.probes[0].result.finding
    assert claims.quote(finding) == finding
    for text in (finding[:-2], "94%", "The server says that it is ready 73 s before it answers."):
        with pytest.raises(UnsourcedNumber):
            claims.quote(text)


def test_a_recorded_number_is_found_by_its_place_and_nothing_else_is(claims: Claims) -> None:
    assert (
        claims.record("logs.0.attempted") == '<data class="r" data-record="logs.0.attempted" value="3450">3,450</data>'
    )
    for place in ("logs.7.attempted", "logs.0.path", "logs.0.complete", "logs", "charm"):
        with pytest.raises(UnsourcedNumber):
            claims.record(place)


class _Words(HTMLParser):
    """What a reader sees of a page, or is told by its attributes, apart from figures, drawings and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "data", "svg"):
            self._inside.append(tag)
        if not self._inside:
            self.texts += [(tag, value or "") for name, value in attrs if name in ("alt", "aria-label", "placeholder")]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.texts.append(("text", data))


def test_no_template_of_the_package_holds_a_digit_that_a_reader_sees() -> None:
    lexer = jinja2.Environment()
    looked_at = 0
    for template in (files("milo_bench") / "report" / "templates").iterdir():
        if not template.name.startswith(("package_", "gallery")) or not template.name.endswith("jinja"):
            continue
        source = template.read_text(encoding="utf-8")
        text = "".join(value if kind == "data" else "" for _, kind, value in lexer.lex(source))
        parser = _Words()
        parser.feed(text)
        seen = " ".join(value for _, value in parser.texts)
        assert not re.search(r"\d", seen.replace("sha256", "")), template.name
        looked_at += 1
    assert looked_at >= 12


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (str(key), *_strings(inner))]
    return [text for inner in value for text in _strings(inner)] if isinstance(value, list | tuple) else []


def test_each_digit_on_a_page_is_a_figure_a_recorded_number_or_part_of_a_recorded_string(
    rendered: dict[str, bytes], decision: Decision
) -> None:
    plain = msgspec.to_builtins(decision)
    recorded = "\n".join(" ".join(text.split()) for text in _strings(plain)) + "\np50 p95 sha256"
    words = set(re.split(r"[\s.,;:()|]+", recorded.replace("_", " "))) | set(re.split(r"[\s,;]+", recorded))
    for name, page in rendered.items():
        if not name.endswith(".html"):
            continue
        parser = _Words()
        parser.feed(page.decode())
        for _, text in parser.texts:
            if not re.search(r"\d", text):
                continue
            line = " ".join(text.split())
            if line in recorded:
                continue
            if name == "appendix/inventory.html" and "memory_bytes" in line:
                continue  # an inventory as YAML: numbers of decision.json, shown in one block
            for word in re.split(r"[\s,;]+", line):
                if re.search(r"\d", word):
                    assert word in words or word.strip(".:()") in words or word in recorded, (name, line, word)


def test_the_page_shows_every_figure_with_the_text_that_its_record_gives(
    rendered: dict[str, bytes], decision: Decision
) -> None:
    found = re.findall(
        r'<data data-figure="([^"]+)" data-part="(\w+)" value="[^"]*">([^<]*)</data>', rendered["index.html"].decode()
    )
    assert len(found) > 100
    for id, part, text in found:
        figure = decision.figures[id]
        made = {"whole": whole_text, "range": range_text, "confidence": lambda of: amount(of.confidence, "share")}.get(
            part
        )
        assert text == (made(figure) if made else part_text(figure, part)), id


def test_only_the_claims_and_what_joins_their_pieces_make_markup() -> None:
    room = Path(str(files("milo_bench"))) / "report"
    makers = {path.relative_to(room).as_posix() for path in room.rglob("*.py") if "Markup(" in path.read_text("utf-8")}
    # The operator board is no part of a package.
    of_a_package = {name for name in makers if not name.startswith("operator/")}
    assert of_a_package == {"package.py", *(f"pages/{name}.py" for name in ("blocks", "claims", "gallery", "marked"))}
    for template in (files("milo_bench") / "report" / "templates").iterdir():
        if template.name.startswith("package_"):
            assert "|safe" not in template.read_text(encoding="utf-8").replace(" ", ""), template.name


def test_a_drawing_that_could_act_or_fetch_is_refused(claims: Claims) -> None:
    assert claims.drawing('<svg><path d="M0 0"/></svg>') == Markup('<svg><path d="M0 0"/></svg>')
    for svg in (
        "<svg><script>x</script></svg>",
        '<svg onload="x"></svg>',
        '<svg><a href="x"></a></svg>',
        '<svg><image href="x"/></svg>',
        '<svg style="background:url(http://x)"></svg>',
        "<svg><foreignObject></foreignObject></svg>",
    ):
        with pytest.raises(Exception, match="drawing contains"):
            claims.drawing(svg)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (("share", 0.94, 0.87, 0.974, 70), "94% (87–97.4%, n = 70)"),
        (("s", 1.42, 1.1, 1.9, 50), "1.42 s (1.1–1.9 s, n = 50)"),
        (("USD", 86_674.14, 28_421.11, 159_512.48, None), "$86,674 ($28,421–$159,512)"),
        (("USD", -1200.0, -2000.0, 300.0, None), "−$1,200 (−$2,000 to $300)"),
        (("USD/month", 16_200.0, 4_800.0, 33_600.0, None), "$16,200 per month ($4,800–$33,600 per month)"),
        (("hour/month", 337.5, 100.0, 700.0, None), "338 hours per month (100–700 hours per month)"),
        (("week", 2.3, 0.99, 7.26, None), "2.3 weeks (0.99–7.26 weeks)"),
        (("percent", 55.0, 45.0, 60.0, None), "55% (45–60%)"),
        (("count", 420.0, None, None, None), "420"),
        (("packet/month", 9000.0, 9000.0, 9000.0, None), "9,000 packets per month"),
        (("incident/reply", 0.005, 0.002, 0.01, None), "0.005 incidents per reply (0.002–0.01 incidents per reply)"),
        (("USD/hour", 48.0, 48.0, 48.0, None), "$48 per hour"),
        (("s", 3.0, 2.5, None, 12), "3 s (≥ 2.5 s, n = 12)"),
        (("share", None, None, None, 0), "— (n = 0)"),
    ],
)
def test_figures_read_as_people_write_them(figure: tuple[str, float | None, float, float, int], text: str) -> None:
    unit, value, low, high, n = figure
    made = Figure("x", "x", value, unit, Source("measure", "x"), n=n, low=low, high=high, confidence=0.95)
    assert whole_text(made) == text


def test_a_sum_that_never_ends_says_so() -> None:
    never = Figure("x", "payback", None, "week", Source("economics", "payback"), note="endless")
    assert part_text(never) == "endless"


def test_markdown_keeps_figures_and_shows_marks_as_they_are(decision: Decision) -> None:
    claims = Claims(decision, "markdown")
    assert claims.text(("recall is ", Ref(RECALL), " on `x` *y* [z](u)")) == (
        "recall is 87% on \\`x\\` \\*y\\* \\[z\\](u)"
    )


def test_every_numeral_of_every_script_is_found_and_no_other_character_is() -> None:
    text = [chr(code) for code in range(sys.maxunicode + 1)]
    found = {one for one in text if has_number(one)}
    assert found == {one for one in text if one.isnumeric()}
    assert all(has_number(f"é{one}") and has_number(f"{one}é") for one in ("7", "½", "Ⅷ", "九"))
    assert not has_number("Straße, Ελλάς, 東京")


def test_text_that_runs_from_right_to_left_is_isolated_whichever_script_it_is_in(claims: Claims) -> None:
    for code in range(sys.maxunicode + 1):
        if unicodedata.bidirectional(chr(code)) in ("R", "AL") and chr(code).isalpha():
            assert "<bdi>" in claims.words(f"Name: {chr(code)}."), hex(code)
    assert "<bdi>" not in claims.words("Straße, Ελλάς, 東京")
