"""The one way a text gets into VCL.

Config values are checked where they are read (``vclgen.config``); this refuses what VCL cannot
quote all the same, so a gap there becomes an error and never an injection.
"""

from __future__ import annotations

import math
import re

from vclgen.errors import TemplateError
from vclgen.versions import Code


def fits(text: str) -> bool:
    """Whether a text can stand in a VCL string as it is: printable ASCII without quotes."""
    return '"' not in text and text.isascii() and text.isprintable()


def quoted(text: str) -> str:
    """A VCL string literal that means exactly ``text``.

    Raises:
        TemplateError: the text holds a quote or is not printable ASCII. VCL's short strings know
            only ``%xx`` escapes in some versions, so none is relied upon.
    """
    return f'"{inside(text)}"'


def inside(text: str) -> str:
    """``text`` as a part of a VCL string literal or of a comment, of which it cannot be the end.

    Raises:
        TemplateError: as for ``quoted``.
    """
    if not fits(text):
        raise TemplateError(f"cannot stand in VCL as a string: {text!r}")
    return text


def number(value: object) -> str:
    """A number in digits, with at most three decimals.

    Raises:
        TemplateError: it is something else.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TemplateError(f"is no number: {value!r}")
    return str(value) if isinstance(value, int) else f"{value:.3f}".rstrip("0").rstrip(".")


def regex(text: str) -> str:
    """A regular expression that means exactly ``text``, as a part of a VCL string literal.

    Raises:
        TemplateError: as for ``quoted``.
    """
    return inside(re.escape(text))


def long_quoted(text: str) -> str:
    """As ``quoted``, for a text with quotes: a long string.

    Raises:
        TemplateError: the text holds the end of a long string or is not printable ASCII.
    """
    if '"}' in text or not text.isascii() or not text.isprintable():
        raise TemplateError(f"cannot stand in VCL as a long string: {text!r}")
    return f'{{"{text}"}}'


def header_name(text: str) -> str:
    """A header's name as VCL writes it after ``req.http.``.

    Raises:
        TemplateError: the name is not made of letters, digits, ``-``, ``_``.
    """
    if not text or not all(c.isascii() and (c.isalnum() or c in "-_") for c in text):
        raise TemplateError(f"cannot stand in VCL as a header name: {text!r}")
    return text


def own_code(text: object) -> str:
    """VCL that the generator itself chose.

    Raises:
        TemplateError: it comes from somewhere else.
    """
    if not isinstance(text, Code):
        raise TemplateError(f"is no code of the generator's own: {text!r}")
    return text
