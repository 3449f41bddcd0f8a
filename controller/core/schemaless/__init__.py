"""The core without a schema (``schema: false``): what the document and the answer say.

The rest of the core asks the schema first. Here a type is known only where an answer names it by
``__typename``, so every question has a third answer, "unknown", and each module says what doubt
does: it widens a purge, shortens a lifetime, adds a scope, or forbids storing.
"""
