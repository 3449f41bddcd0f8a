"""``PURGE /path?query``: what is stored of a URL.

Drupal's Varnish Purger, FOSHttpCache and Fastly's clients send it with the site's own Host.
WordPress plugins add ``X-Purge-Method: regex`` where the path is a pattern.
"""

from __future__ import annotations

from controller.core.dialects.asked import Asked, Meant, Read, at_url, everything, says
from controller.core.dialects.fastly import SOFT


def read(asked: Asked) -> Read:
    """What a PURGE without tags means."""
    if asked.method != "PURGE":
        return None
    soft = asked.flag(SOFT)
    if {line.strip().lower() for line in asked.lines("x-purge-method")} - {"default", "exact"}:
        doubt = f"objects are not known by patterns of paths ({asked.target[:80]!r})"
        return Meant("plain", (everything(doubt, soft=soft),), says("Purged"))
    return Meant("plain", (at_url(asked, soft=soft),), says("Purged"))
