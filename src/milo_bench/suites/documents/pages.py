"""A document in, its pages as pictures out, as a person would see them: what a model that sees is sent."""

from __future__ import annotations

import io
from typing import Any, Final

from milo_bench.suites.bounded.broken import DocumentBroken, NoSuchForm
from milo_bench.suites.documents.ocr import MOST_PIXELS, require_ocr
from milo_bench.suites.documents.page_pictures import draw_page
from milo_bench.suites.documents.reader import Document

MOST_PAGES: Final = 50
_LONGEST_SIDE: Final = 2_000  # points; more is scaled down by every model that sees
_SENT_AS_IT_IS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def page_pictures(document: Document) -> list[tuple[str, bytes]]:
    """The ending and the bytes of a picture for each page.

    A PNG or JPEG is given as it is. Raises DocumentBroken for a format without pages that can be drawn, and
    PackageMissing where drawing them needs milo-bench[ocr].
    """
    raw = document.raw
    if raw.startswith(_SENT_AS_IT_IS):
        return [(".png" if raw.startswith(_SENT_AS_IT_IS[0]) else ".jpg", raw)]
    if b"%PDF-" in raw[:1024]:
        require_ocr("a page of a PDF as a picture")
        import pypdfium2

        try:
            pdf = pypdfium2.PdfDocument(raw)
            count = len(pdf)
            pdf.close()
        except Exception as error:
            raise DocumentBroken(f"not a readable PDF: {type(error).__name__}") from None
        if count > MOST_PAGES:
            raise DocumentBroken(f"more than {MOST_PAGES} pages as pictures")
        drawn = []
        for number in range(count):
            drawn.append((".png", _png(draw_page(raw, number))))
            document.alive()
        return drawn
    if raw.startswith((b"II*\0", b"MM\0*", b"BM", b"GIF8", b"RIFF")):
        return _converted(raw)
    raise NoSuchForm("has no pages that can be drawn. Only pictures and PDFs have the forms ocr and picture")


def _converted(raw: bytes) -> list[tuple[str, bytes]]:
    require_ocr("this kind of picture")
    from PIL import Image, ImageSequence

    try:
        with Image.open(io.BytesIO(raw)) as picture:
            found: list[tuple[str, bytes]] = []
            for frame in ImageSequence.Iterator(picture):
                if frame.width * frame.height > MOST_PIXELS or len(found) >= MOST_PAGES:
                    raise DocumentBroken("too large a picture, or too many of them")
                found.append((".png", _png(frame)))
            return found
    except DocumentBroken:
        raise
    except Exception as error:
        raise DocumentBroken(f"not a readable picture: {type(error).__name__}") from None


def _png(picture: Any) -> bytes:
    flat = picture.convert("RGB")
    flat.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    out = io.BytesIO()
    flat.save(out, format="PNG", optimize=True)
    return out.getvalue()
