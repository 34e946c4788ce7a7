"""``python -m benchmarks.languages.draw_amounts ja zh``: amounts and dates in forms of the CLDR, drawn with babel.

Writes ``tests/data/languages/amounts/LANGUAGE.jsonl`` for languages that have none, every row held out. babel is not
a dependency of the project: install it first. Nobody who wrote the rules wrote these forms.
"""

from __future__ import annotations

import datetime
import json
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from benchmarks.languages.rules import DATA

REGIONS: Final = {
    "ja": ("ja-JP", "JPY"), "zh": ("zh-CN", "CNY"), "sv": ("sv-SE", "SEK"), "cs": ("cs-CZ", "CZK"),
    "tr": ("tr-TR", "TRY"), "da": ("da-DK", "DKK"), "ar": ("ar-EG", "EGP"), "hi": ("hi-IN", "INR"),
}  # fmt: skip
ROWS: Final = 60  # of amounts, and as many of dates
SEED: Final = 20261129
_DATE_FORMS: Final = ("short", "medium", "long", "full")


def drawn(language: str) -> Iterator[dict[str, Any]]:
    """Rows without an id: amounts in the country's currency, in euros and bare, then dates in all four lengths."""
    from babel.dates import format_date
    from babel.numbers import format_currency, format_decimal

    locale, currency = REGIONS[language]
    of_cldr = locale.replace("-", "_")
    chance = random.Random(f"{SEED}/{language}")
    for number in range(ROWS):
        value = Decimal(chance.randrange(100, 9_000_000)) / chance.choice((1, 100, 100))
        money = (currency, "EUR", "")[number % 3]
        text = format_currency(value, money, locale=of_cldr) if money else format_decimal(value, locale=of_cldr)
        if money and format_currency(Decimal(1), money, locale=of_cldr).find("00") < 0:
            value = round(value)  # a currency without cents
        yield {"kind": "amount", "text": text, "value": f"{value:f}", "locale": locale}
    for number in range(ROWS):
        day = datetime.date(1990, 1, 1) + datetime.timedelta(days=chance.randrange(14_000))
        form = _DATE_FORMS[number % len(_DATE_FORMS)]
        text = format_date(day, format=form, locale=of_cldr)
        yield {"kind": "date", "text": text, "value": day.isoformat(), "locale": locale}


def main(languages: list[str]) -> None:
    for language in languages:
        rows = [
            {"id": f"am-{language}-{number:03d}", "half": "held_out", **row, "source": "CLDR through babel"}
            for number, row in enumerate(drawn(language), 1)
        ]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (DATA / "amounts" / f"{language}.jsonl").write_text(text, encoding="utf-8")
        print(f"{language}: {len(rows)} rows")


if __name__ == "__main__":
    main(sys.argv[1:])
