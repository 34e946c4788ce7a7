"""A locale is a language and a country that there are; anything else is refused with the likely one."""

from __future__ import annotations

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.core.locale import parse_locale


@pytest.mark.parametrize("text", ["de-DE", "de_AT", "en-GB", "pt-BR", "zh-Hant-TW", "gsw-CH", "fr"])
def test_a_language_and_a_country_that_there_are_make_a_locale(text: str) -> None:
    assert text.startswith(parse_locale(text).language)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("de-XX", "de-DE"),
        ("en-UK", "en-GB"),
        ("jp-JP", "ja-JP"),
        ("ger-DE", "de-DE"),
        ("en-EN", "en-GB"),
        ("fr-FX", "fr-FR"),
    ],
)
def test_an_unknown_language_or_country_is_refused_with_the_likely_locale(text: str, meant: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        parse_locale(text)
    assert f"'{meant}'" in wrong.value.hint
    assert text in wrong.value.message


@pytest.mark.parametrize("text", ["", "de-D", "es-419", "German", "zz-DE", "de-QQ"])
def test_what_is_no_locale_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_locale(text)
