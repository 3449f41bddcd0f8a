"""Which media type an error of ours has: what the client asked for (RFC 9110, section 12.5.1).

``templates/features/errors.vcl.j2`` decides alike for what Varnish says itself.
"""

from __future__ import annotations

import re
from typing import Final

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
_WEIGHT: Final = re.compile(r";\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def error_media(accept: str | None) -> str:
    """The new media type of GraphQL over HTTP if it is named, and not with a smaller weight than
    ``application/json``; else that one, whatever else may be wanted.
    """
    weights: dict[str, float] = {}
    for part in (accept or "").split(","):
        name = part.partition(";")[0].strip().lower()
        weight = _WEIGHT.search(part)
        weights[name] = float(weight[1]) if weight else 1.0
    asked = weights.get(RESPONSE, 0.0)
    return RESPONSE if asked and asked >= weights.get(JSON, 0.0) else JSON
