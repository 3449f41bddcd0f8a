"""The one way a text gets into VCL.

Config values are checked where they are read (``vclgen.config``); this refuses what VCL cannot
quote all the same, so a gap there becomes an error and never an injection.
"""

from __future__ import annotations

from vclgen.errors import TemplateError


def quoted(text: str) -> str:
    """A VCL string literal that means exactly ``text``.

    Raises:
        TemplateError: the text holds a quote or is not printable ASCII. VCL's short strings know
            only ``%xx`` escapes in some versions, so none is relied upon.
    """
    if '"' in text or not all(" " <= c <= "~" for c in text):
        raise TemplateError(f"cannot stand in VCL as a string: {text!r}")
    return f'"{text}"'


def header_name(text: str) -> str:
    """A header's name as VCL writes it after ``req.http.``.

    Raises:
        TemplateError: the name is not made of letters, digits, ``-``, ``_``.
    """
    if not text or not all(c.isascii() and (c.isalnum() or c in "-_") for c in text):
        raise TemplateError(f"cannot stand in VCL as a header name: {text!r}")
    return text
