"""A picture of a page in, its lines with the reader's confidence in each out; needs the extra milo-bench[ocr].

The models come with the package rapidocr: nothing is downloaded, and nothing leaves the machine.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, Final

from milo_bench.suites.bounded.broken import DocumentBroken, PackageMissing
from milo_bench.suites.documents.read_text import DocumentText, OcrLine, TextBuilder
from milo_bench.suites.documents.reading_order import Box, rows_in_order

MOST_PIXELS: Final = 60_000_000  # of one picture: an A4 page at 600 dpi has 35 million
_LEAST_SIDE: Final = 24  # pixels: no line of print fits into less
MOST_PAGES: Final = 500  # pictures of one document
_LONG_LINE: Final = 6  # characters of a line that says how a page stands
_ASKED_LINES: Final = 9
_TALL: Final = 1.5  # times as high as wide: a line of print on its side
_SURE: Final = 0.9
_INK: Final = 64  # of 255: how far print is from the colour of its page
_MARGIN: Final = 200  # pixels: less makes the reader part a line at its spaces
_FORMATS: Final = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000")
_NEEDED: Final = ("rapidocr", "onnxruntime", "PIL", "numpy", "pypdfium2")


def ocr_is_installed() -> bool:
    return all(find_spec(name) is not None for name in _NEEDED)


def require_ocr(what: str) -> None:
    """Raises PackageMissing without the packages of the extra."""
    if not ocr_is_installed():
        raise PackageMissing(what, "ocr")


def read_pictures(raw: bytes) -> Iterator[DocumentText]:
    """The text of each picture of a file; a TIFF may hold several. Raises DocumentBroken, PackageMissing."""
    require_ocr("a picture of a page")
    from PIL import Image, ImageOps, ImageSequence

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags; what cannot be decoded is an error
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
                for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
                    if frame.width * frame.height > MOST_PIXELS:
                        raise DocumentBroken(f"a picture of more than {MOST_PIXELS // 1_000_000} million pixels")
                    if number > MOST_PAGES:
                        raise DocumentBroken(f"more than {MOST_PAGES} pictures in one file")
                    yield read_picture(ImageOps.exif_transpose(frame))
    except DocumentBroken:
        raise
    except Exception as error:
        # A damaged picture fails in whichever decoder it reaches.
        raise DocumentBroken(f"not a readable picture: {type(error).__name__}") from None


def is_too_small(raw: bytes) -> bool:
    """Whether a picture has no room for a line of print. Raises DocumentBroken, PackageMissing."""
    require_ocr("a picture")
    from PIL import Image

    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
            return bool(min(picture.size) < _LEAST_SIDE)
    except Exception as error:
        raise DocumentBroken(f"not a readable picture: {type(error).__name__}") from None


def read_picture(picture: Any) -> DocumentText:
    """The text of one ``PIL.Image``: a line for each row of print, a tab between what is far apart in it.

    Two columns of prose are read one after the other.
    """
    import numpy

    flat = picture.convert("RGBA" if picture.mode in ("P", "LA", "PA") else picture.mode)
    if flat.mode == "RGBA":  # print on nothing is print on white
        from PIL import Image

        white = Image.new("RGBA", flat.size, "white")
        flat = Image.alpha_composite(white, flat)
    pixels = numpy.asarray(flat.convert("RGB"))[:, :, ::-1]
    boxes = _boxes(pixels)
    if not boxes and (part := _printed_part(pixels)) is not None:
        pixels = part  # a line or two on a large page are found where most of the page is cut away
        boxes = _boxes(pixels)
    if turns := _turns_to_upright(pixels, boxes):
        boxes = _boxes(numpy.ascontiguousarray(numpy.rot90(pixels, turns)))
    built = TextBuilder(ocr_by=_engine_name())
    for row in rows_in_order(boxes):
        _add_row(row, built)
    return built.read()


def _printed_part(pixels: Any) -> Any:
    """The part of a page that is not of the page's own colour, with a margin; None where that is nothing or most."""
    import numpy

    grey = pixels.mean(axis=2)
    differs = numpy.abs(grey - numpy.median(grey)) > _INK
    rows, columns = numpy.flatnonzero(differs.any(axis=1)), numpy.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return None
    top, left = max(rows[0] - _MARGIN, 0), max(columns[0] - _MARGIN, 0)
    part = pixels[top : rows[-1] + _MARGIN, left : columns[-1] + _MARGIN]
    return numpy.ascontiguousarray(part) if part.size < pixels.size / 2 else None


def _boxes(pixels: Any) -> list[Box]:
    """Each line of print with its place."""
    found = _engine()(pixels)
    boxes = []
    for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True) if found.txts else ():
        across, down = [float(point[0]) for point in corners], [float(point[1]) for point in corners]
        boxes.append(Box(min(across), min(down), max(across), max(down), str(text), float(score)))
    return boxes


def _turns_to_upright(pixels: Any, boxes: list[Box]) -> int:
    """How many quarter turns against the clock make a page upright that was scanned on its side or upside down.

    Lines are read either way, but their order would be wrong. Each of some long lines says how it stands, and most
    decide.
    """
    import numpy

    lines = sorted((box for box in boxes if len(box.text) >= _LONG_LINE), key=lambda box: -len(box.text))[:_ASKED_LINES]
    tall = [box for box in lines if box.bottom - box.top > _TALL * (box.right - box.left)]
    on_side = 2 * len(tall) > len(lines)
    chosen = tall if on_side else [box for box in lines if box not in tall]
    classify = getattr(_engine(), "text_cls", None)
    if not chosen or classify is None:
        return 0
    crops = [pixels[int(box.top) : int(box.bottom) + 1, int(box.left) : int(box.right) + 1] for box in chosen]
    said = classify([numpy.rot90(crop) if on_side else crop for crop in crops]).cls_res
    flipped = 2 * sum(str(label) == "180" and score > _SURE for label, score in said) > len(chosen)
    return (3 if flipped else 1) if on_side else (2 if flipped else 0)


def _add_row(row: list[Box], built: TextBuilder) -> None:
    for number, box in enumerate(row):
        if number:
            gap = box.left - row[number - 1].right
            built.add("\t" if gap > 1.5 * (box.bottom - box.top) else " ")
        built.ocr.append(OcrLine(built.length, built.length + len(box.text), round(box.confidence, 3)))
        built.add(box.text)
    built.add("\n")


@lru_cache(maxsize=1)
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical"})


@lru_cache(maxsize=1)
def _engine_name() -> str:
    return f"rapidocr {version('rapidocr')}, onnxruntime {version('onnxruntime')}"
