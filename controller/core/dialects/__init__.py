"""Purges as origins send them, one module for each protocol.

A module reads a request and says what it means; nothing here sends anything. What a client forms by
its protocol comes back as exactly what it named. All else that could mean something means at least
that much: a pattern of another shape, or a tag that no header can carry, is everything, with the
reason for the log. docs/purge-dialects.md has the table.
"""
