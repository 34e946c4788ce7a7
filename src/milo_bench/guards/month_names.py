"""A language in, how its dates with the month as a word look and which month each is out.

Only whole names, as letters write them: what is rarer is left to dateparser, and what stands
here is what dateparser makes of it too, a hundred times slower.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
# A whole date with its digits taken out: "3. {} 2024", "3 de {} de 2024", "3 {} 2024 r."
_FORMS: Final = {
    "de": (". {} ", " {} "),
    "es": (" de {} de ", " de {} "),
    "fr": (" {} ",),
    "it": (" {} ",),
    "nl": (" {} ",),
    "pl": (" {} ", " {}  r."),
    "pt": (" de {} de ", " de {} "),
}

MONTH_BY_FORM: Final = {
    language: {form.format(name): month for month, name in enumerate(names.split(), 1) for form in _FORMS[language]}
    for language, names in _NAMES.items()
}
"""By ISO 639 code, then by the date in small letters without its digits: the number of the month."""
