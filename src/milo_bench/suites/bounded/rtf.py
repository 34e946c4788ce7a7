"""Rich Text in, its plain text out; its pictures, its fonts and whatever only prints are no part of it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from typing import Final

from milo_bench.suites.bounded.broken import DocumentBroken

DEEPEST: Final = 1_000
_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_DESTINATIONS: Final = frozenset(
    b"fonttbl colortbl stylesheet info pict themedata colorschememapping latentstyles datastore listtable "
    b"listoverridetable rsidtbl generator object objdata fldinst filetbl revtbl xmlnstbl mmathPr wgrffmtfilter "
    b"bkmkstart bkmkend nonshppict shpinst pgdsctbl atrfstart atrfend atnid atnauthor atndate userprops".split()
)
# What is said before each.
_READ_AGAIN: Final = {b"shppict": "", b"result": "", b"shptxt": "\n", b"annotation": " Comment: "}
_SAID: Final = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"nestrow": "\n", b"sect": "\n", b"page": "\n",
    b"tab": "\t", b"cell": "\t", b"nestcell": "\t", b"emspace": " ", b"enspace": " ",
    b"emdash": "\u2014", b"endash": "\u2013", b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d",
}  # fmt: skip
_CHARSETS: Final = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


@dataclass(frozen=True)
class _Group:
    skipped: bool = False
    deleted: bool = False
    uc: int = 1
    charset: str = ""
    html_only: bool = False


def rtf_text(raw: bytes) -> str:
    """The text of an RTF file. Raises DocumentBroken for what is no RTF and for groups nested without end."""
    if not raw.lstrip()[:5] == b"{\\rtf":
        raise DocumentBroken("not RTF")
    reader = _Reader()
    reader.read(raw)
    text = "".join(reader.pieces)
    # A tab ends each cell; the last one of a row is no cell.
    return re.sub(r"(?<!\t)\t++(?=\n)", "", re.sub(r"\n{3,}", "\n\n", text)).strip() + "\n"


class _Reader:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._pending = bytearray()
        self._stack: list[_Group] = []
        self._now = _Group()
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._skip = 0
        self._star = False
        self._high = 0
        self._has_boxes = False

    def read(self, raw: bytes) -> None:
        self._has_boxes = b"\\shptxt" in raw  # then what is drawn for old readers says the same again
        at = 0
        in_fonts = -1
        while at < len(raw):
            match = _TOKEN.match(raw, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            word, number, byte, symbol, brace, plain = match.groups()
            if brace == b"{":
                self._flush()
                if len(self._stack) >= DEEPEST:
                    raise DocumentBroken("its groups are nested too deep")
                self._stack.append(self._now)
                self._star = False
            elif brace == b"}":
                self._flush()
                self._now = self._stack.pop() if self._stack else self._now
                if len(self._stack) < in_fonts:
                    in_fonts = -1
            elif word is not None:
                if word == b"bin":
                    at += max(int(number or 0), 0)
                    continue
                if word == b"fonttbl":
                    in_fonts = len(self._stack)
                if in_fonts >= 0:
                    self._font_entry(word, int(number or 0))
                self._word(word, None if number is None else int(number))
            elif byte is not None:
                self._byte(bytes([int(byte, 16)]))
            elif symbol is not None:
                self._symbol(symbol)
            elif plain is not None:
                self._plain(plain)
        self._flush()

    def _font_entry(self, word: bytes, number: int) -> None:
        if word == b"f":
            self._font = number
        elif word == b"fcharset":
            self._fonts[self._font] = _CHARSETS.get(number, "")

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._unicode(number % 65_536)
            return
        if word in _READ_AGAIN:
            # The text of a box is in a destination that old readers skip, a comment in one that is not printed.
            self._star = False
            self._now = replace(self._now, skipped=False)
            self._text(_READ_AGAIN[word])
            return
        if self._star or word in _DESTINATIONS or (word == b"shprslt" and self._has_boxes):
            # {\*\htmltag …} holds the tags of a mail that was HTML; every other unknown destination is skipped.
            self._now = replace(self._now, skipped=True)
            self._star = False
            return
        if word == b"ansicpg" and number:
            self._page = _codec(f"cp{number}")
        elif word == b"mac":
            self._page = "mac_roman"
        elif word == b"uc":
            self._now = replace(self._now, uc=max(number or 0, 0))
        elif word == b"f":
            self._flush()
            self._now = replace(self._now, charset=self._fonts.get(number or 0, ""))
        elif word in (b"v", b"deleted"):
            self._flush()
            self._now = replace(self._now, deleted=number != 0)
        elif word == b"plain":
            self._now = replace(self._now, deleted=False)
        elif word == b"htmlrtf":
            self._flush()
            self._now = replace(self._now, html_only=number != 0)
        elif word in _SAID:
            self._text(_SAID[word])

    def _unicode(self, unit: int) -> None:
        self._flush()
        self._skip = self._now.uc
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
            return
        if 0xDC00 <= unit < 0xE000:
            if self._high:
                self._say(chr(0x10000 + ((self._high - 0xD800) << 10) + (unit - 0xDC00)))
            self._high = 0
            return
        self._say(chr(unit))

    def _byte(self, byte: bytes) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._pending += byte

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._star = True
        elif self._skip:
            self._skip -= 1
        else:
            said = {b"~": "\u00a0", b"_": "\u2011", b"-": "", b"\n": "\n", b"\r": "\n", b"\t": "\t"}
            self._text(said.get(symbol, symbol.decode("ascii", "ignore") if symbol in b"\\{}" else ""))

    def _plain(self, plain: bytes) -> None:
        skipped = min(self._skip, len(plain))
        self._skip -= skipped
        self._pending += plain[skipped:]

    def _text(self, text: str) -> None:
        self._skip = 0
        self._flush()
        self._say(text)

    def _say(self, text: str) -> None:
        if not (self._now.skipped or self._now.deleted or self._now.html_only):
            self.pieces.append(text)

    def _flush(self) -> None:
        if self._pending:
            raw, self._pending = bytes(self._pending), bytearray()
            self._say(raw.decode(self._now.charset or self._page, "replace"))


def _codec(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8" if name == "cp65001" else "cp1252"
    return name
