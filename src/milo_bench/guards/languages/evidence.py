"""Words of one sentence in, how much each language is borne out by them out; no network, no clock."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, cast

from milo_bench.core.hashing import sha256_data
from milo_bench.core.once import once

if TYPE_CHECKING:
    from milo_bench.core.weights.cache import Arrays

# The languages that a written office of Europe and its neighbours may meet in Latin letters. What is recognised
# among 140 languages takes short German for Luxembourgish and short English for Pidgin.
LATIN: Final = (
    "en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da", "no", "fi", "is", "et", "lv", "lt", "cs", "sk", "hu",
    "ro", "sl", "hr", "bs", "sq", "tr", "az", "ca", "gl", "eu", "cy", "ga", "mt", "id", "ms", "vi", "tl", "sw", "af",
)  # fmt: skip
CYRILLIC: Final = ("ru", "uk", "be", "bg", "sr", "mk", "kk", "mn")
ARABIC: Final = ("ar", "fa", "ur", "ps", "ug")
DEVANAGARI: Final = ("hi", "mr", "ne")
HAN: Final = ("zh", "ja")
# The one language that is written so, for scripts that have one, or of which one is meant by far the most.
SCRIPT_LANGUAGE: Final = {
    "GREEK": "el", "HEBREW": "he", "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "ARMENIAN": "hy",
    "GEORGIAN": "ka", "BENGALI": "bn", "TAMIL": "ta", "TELUGU": "te", "GUJARATI": "gu", "KANNADA": "kn",
    "MALAYALAM": "ml", "GURMUKHI": "pa", "KHMER": "km", "LAO": "lo", "MYANMAR": "my", "ETHIOPIC": "am",
    "SINHALA": "si",
}  # fmt: skip
SCRIPT_LANGUAGES: Final = {
    "LATIN": LATIN, "CYRILLIC": CYRILLIC, "ARABIC": ARABIC, "DEVANAGARI": DEVANAGARI, "CJK": HAN,
}  # fmt: skip

_TABLES: Final = ("likely", "prior", "languages", "nextmove", "rows", "found")  # of py3langid's model
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@once
def frequent_words() -> dict[str, dict[str, float]]:
    """By word, the languages that list it as frequent, each with its weight: a word of one language counts whole."""
    folder = resources.files("milo_bench.guards.languages").joinpath("words")
    lists = {
        entry.name.removesuffix(".txt"): set(entry.read_text(encoding="utf-8").split())
        for entry in folder.iterdir()
        if entry.name.endswith(".txt")
    }
    counts = Counter(word for words in lists.values() for word in words)
    found: dict[str, dict[str, float]] = {}
    for language, words in lists.items():
        for word in words:
            found.setdefault(word, {})[language] = 1.0 / counts[word]
    return found


def words_of(text: str) -> list[str]:
    """The words of ``text`` in lower case, with French and Italian elisions taken apart as well."""
    if text.isascii():
        return _WORD.findall(text.lower())
    return [word.casefold() for word in _WORD.findall(text.replace("’", "'"))]


def weights(words: list[str]) -> list[tuple[str, float]]:
    """Each language with the summed weight of its frequent words that are among ``words``, the highest first."""
    known = frequent_words()
    total: defaultdict[str, float] = defaultdict(float)
    for word in dict.fromkeys(words):  # a set has another order in each process
        if word in known:
            for language, weight in known[word].items():
                total[language] += weight
    return sorted(total.items(), key=_weight, reverse=True) if len(total) > 1 else list(total.items())


@once
def _tables() -> tuple[Any, ...]:
    """The model's tables for our languages alone, read once: whole, and once a script, they take 74 MiB each time.

    To unpack the model takes longer than to read hundreds of answers with it, so the cache keeps it unpacked.
    """
    import numpy as np  # late, as the cache: a gateway at rest has no need of it
    from py3langid.langid import MODEL_DIR, MODEL_FILE

    from milo_bench.core.weights.cache import kept_arrays

    packed = (MODEL_DIR / MODEL_FILE).stat()
    made_of = sha256_data([version("py3langid"), packed.st_size, packed.st_mtime_ns, _languages()])
    tables = kept_arrays(f"languages-{made_of[:16]}", _TABLES, _unpacked)
    states, rows = tables["nextmove"].data, tables["rows"].data  # memoryviews: one item of them is no array
    likely, prior = tables["likely"].view(np.ndarray), tables["prior"].view(np.ndarray)  # mapped ones take longer
    return likely, prior, tables["languages"].tolist(), states, tables["found"].tolist(), rows


def _languages() -> list[str]:
    return sorted({language for languages in SCRIPT_LANGUAGES.values() for language in languages})


def _unpacked() -> Arrays:
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages(_languages())
    arrays = (whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_row, whole.tk_output)
    return dict(zip(_TABLES, map(np.asarray, arrays), strict=True))


@once
def _model(script: str) -> Any:
    from py3langid.langid import LanguageIdentifier

    *tables, row = _tables()
    model = LanguageIdentifier(*tables, norm_probs=True, tk_row=row)
    model.set_languages(list(SCRIPT_LANGUAGES[script]))
    return model


@lru_cache(maxsize=4096)
def likelihoods(text: str, script: str) -> dict[str, float]:
    """Each language's probability by py3langid's n-grams, among those of ``script``, the highest first."""
    return dict(cast("list[tuple[str, float]]", _model(script).rank(text)))


def logarithm(share: float) -> float:
    """The natural logarithm of a probability, where what is next to nothing is no less than that."""
    return math.log(max(share, 1e-9))


def _weight(pair: tuple[str, float]) -> float:
    return pair[1]
