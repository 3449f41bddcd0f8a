"""The decisions: pure functions over frozen values.

What may live here: GraphQL analysis, verdicts, keys, tags, cutting, freshness rules. What may
not: sockets, files, clocks, tasks, or an import of anything that has them.
"""
