"""The sidecar that understands GraphQL: request → core → effects.

``core`` decides and is pure; ``gateway``, ``purge``, ``admin`` and ``cli`` carry it out.
"""
