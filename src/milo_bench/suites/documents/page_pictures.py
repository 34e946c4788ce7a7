"""A PDF and the number of one of its pages in, that page drawn as a picture out; needs the extra milo-bench[ocr]."""

from __future__ import annotations

from typing import Any, Final

from milo_bench.suites.bounded.broken import DocumentBroken

_DOTS_PER_INCH: Final = 200
_MOST_PIXELS: Final = 25_000_000


def draw_page(raw: bytes, index: int) -> Any:
    """Page ``index`` (from 0) as a ``PIL.Image``. Raises DocumentBroken."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(raw)
        try:
            page = pdf[index]
            width, height = page.get_size()
            scale = min(_DOTS_PER_INCH / 72, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
            return page.render(scale=scale).to_pil()
        finally:
            pdf.close()
    except Exception as error:
        # What draws a page fails in its own ways on a damaged one.
        raise DocumentBroken(f"page {index + 1} cannot be drawn: {type(error).__name__}") from None
