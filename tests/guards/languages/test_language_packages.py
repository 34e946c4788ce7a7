"""A language that a package of files brings: read by every rule, spoken where its figures are good enough."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from milo_bench.guards.packs.read import known_keys

FILES: Final = {
    "sentences": """
measured = {recall = 0.99, precision = 0.99, n = 60}
never = "např č ul"
either = "atd"
starters = "on my to a i ale že se na v ve do je byla nám pan dne a"
""",
    "dates": """
months = ["ledna", "února", "března", "dubna", "května", "června", "července", "srpna", "září", "října", "listopadu",
  "prosince"]
weekdays = "pondělí úterý"
ordinals = "."
before = "dne"
""",
    "amounts": """
[currencies]
CZK = "koruna koruny korun kč"
[scales]
"tisíc" = 1000
""",
    "facts": """
measured = {recall = 0.8, precision = 0.85, n = 60}
titles = "pan paní"
name_endings = "a u ovi em"
[numbers]
2 = "dva"
[units]
"day" = "den dny dní"
"week" = "týden týdny"
""",
    "personal": """
measured = {recall = 0.9, precision = 0.96, n = 20}
titles = "pan paní"
street_words = "ul"
postcode = '\\d{3} \\d{2}'
born_before = "narozen"
""",
}
ASKED: Final = """
import json
from milo_bench.guards.facts import unsupported_facts
from milo_bench.guards.measured import spoken_languages
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.sentences import split_sentences
from milo_bench.guards.values.amounts import read_amount

source = "Dne 3. března 2025 nám pan Novák ohlásil škodu. Je to 1 250,00 Kč a lhůta je dva týdny."
same = "Pan Novák to ohlásil dne 03.03.2025, lhůta je 14 dní a škoda 1250 korun."
other = "Pan Nováček to ohlásil dne 13. března 2025 a škoda je 2 150 korun."
person = "Pan Jan Novák, narozen 3. března 1980, ul. Dlouhá 5, 110 00 Praha, a je to on."
print(json.dumps({
    "same": [fact.text for fact in unsupported_facts(same, [source])],
    "other": [fact.text for fact in unsupported_facts(other, [source])],
    "sentences": [one.text for one in split_sentences("Je to např. č. 5 v ul. Dlouhé. Pan Novák to ví atd. My ne.")],
    "personal": [datum.text for datum in find_personal_data(person)],
    "amount": str(read_amount("2,5 tisíc korun", locale="cs")),
    "spoken": [name for name in ("sentences", "unsupported_facts", "personal_data") if "cs" in spoken_languages(name)],
}))
"""


def ask(folder: Path, files: dict[str, str], asked: str = ASKED) -> subprocess.CompletedProcess[str]:
    """What a new process says that finds the package ``our_words`` in ``folder``."""
    package = folder / "our_words"
    for rule, text in files.items():
        (package / rule).mkdir(parents=True, exist_ok=True)
        (package / rule / "cs.toml").write_text(text, encoding="utf-8")
    (package / "__init__.py").write_text("")
    information = folder / "our_words-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: our-words\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[milo_bench.languages]\nour_words = our_words\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    asked = ask(tmp_path_factory.mktemp("site"), FILES)
    assert asked.returncode == 0, asked.stderr
    return dict(json.loads(asked.stdout))


def test_facts_are_compared_in_the_language_of_a_package(said: dict[str, Any]) -> None:
    assert said["same"] == []
    assert said["other"] == ["Nováček", "13. března 2025", "2 150 korun"]


def test_sentences_amounts_and_personal_data_are_read_by_the_words_of_a_package(said: dict[str, Any]) -> None:
    assert said["sentences"] == ["Je to např. č. 5 v ul. Dlouhé.", "Pan Novák to ví atd.", "My ne."]
    assert said["personal"] == ["Jan Novák", "3. března 1980", "ul. Dlouhá 5", "110 00"]
    assert said["amount"] == "2500.0"


def test_a_language_of_a_package_is_spoken_where_its_figures_are_good_enough(said: dict[str, Any]) -> None:
    assert said["spoken"] == ["sentences"]  # facts have too low a precision, personal data too few texts


def test_a_language_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    asked = ask(tmp_path, {"facts": "titles = [unfinished"}, ASKED)
    assert asked.returncode != 0
    assert "The language file facts/cs.toml cannot be read" in asked.stderr


def test_a_key_that_no_rule_reads_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    asked = ask(tmp_path, {"facts": 'title = "pan"'}, ASKED)
    assert asked.returncode != 0
    assert "The language file facts/cs.toml has a key that no rule reads: 'title'." in asked.stderr


def test_the_package_of_the_guide_is_built_with_its_files(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n# (pyproject\.toml|our_words/\S+)\n(.*?)```", guide, re.S)
    for name, text in blocks:
        if name != "pyproject.toml" or "milo_bench.languages" in text:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    made = subprocess.run(
        [sys.executable, "-c", "import setuptools.build_meta as b; print(b.build_wheel('dist'))"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = zipfile.ZipFile(wheel).namelist()
    assert "our_words/promises/cs.toml" in held
    pack = tomllib.loads(zipfile.ZipFile(wheel).read("our_words/promises/cs.toml").decode("utf-8"))
    assert not pack.keys() - known_keys("promises")
