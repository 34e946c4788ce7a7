"""An ISO 639 code in, the English name of the language out."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish", "is": "Icelandic",
    "et": "Estonian", "lv": "Latvian", "lt": "Lithuanian", "cs": "Czech", "sk": "Slovak", "hu": "Hungarian",
    "ro": "Romanian", "sl": "Slovenian", "hr": "Croatian", "bs": "Bosnian", "sq": "Albanian", "tr": "Turkish",
    "az": "Azerbaijani", "ca": "Catalan", "gl": "Galician", "eu": "Basque", "cy": "Welsh", "ga": "Irish",
    "mt": "Maltese", "id": "Indonesian", "ms": "Malay", "vi": "Vietnamese", "tl": "Tagalog", "sw": "Swahili",
    "af": "Afrikaans", "ru": "Russian", "uk": "Ukrainian", "be": "Belarusian", "bg": "Bulgarian", "sr": "Serbian",
    "mk": "Macedonian", "kk": "Kazakh", "mn": "Mongolian", "ar": "Arabic", "fa": "Persian", "ur": "Urdu",
    "ps": "Pashto", "ug": "Uyghur", "hi": "Hindi", "mr": "Marathi", "ne": "Nepali", "zh": "Chinese", "ja": "Japanese",
    "el": "Greek", "he": "Hebrew", "th": "Thai", "ko": "Korean", "hy": "Armenian", "ka": "Georgian", "bn": "Bengali",
    "ta": "Tamil", "te": "Telugu", "gu": "Gujarati", "kn": "Kannada", "ml": "Malayalam", "pa": "Punjabi",
    "km": "Khmer", "lo": "Lao", "my": "Burmese", "am": "Amharic", "si": "Sinhala",
    "und": "an unrecognised language",
}  # fmt: skip


def language_name(code: str) -> str:
    """``German`` for ``de``; the code itself for one that is not listed."""
    return _NAMES.get(code, code)


def is_language(code: str) -> bool:
    """Whether a text can be recognised as of this language."""
    return code in _NAMES and code != "und"
