"""A small library of posts as a GraphQL origin, for ``shellac up`` and for the tests.

It stands for somebody's API: it imports nothing of Shellac and knows nothing of caching.

- ``schema.graphql``, ``schema.py``: the schema, and which resolver answers which field
- ``queries.py``, ``mutations.py``: the resolvers
- ``database.py``: the tables and the rows they start with, the same each time
- ``protocol.py``: GraphQL over HTTP, pure
- ``app.py``: the Starlette application
- ``control.py``: what a test may see and change of a running demo
- ``arguments.py``: the command line

Three more stand for systems that tag their answers and purge caches; those know of caching.

- ``magento.py``, ``wordpress.py``, ``tagged.py``: ``python -m demo.magento`` and so on
- ``tagging.py``: what they have in common
"""

from demo.app import create_app

__all__ = ["create_app"]
