"""The whole way of an answer, before servers that know nothing of Shellac.

An edit at the origin that Shellac does not see is what tells a hit from a fetch:
a hit still shows the old title, a purge shows the new one.
"""

import pytest

from tests.peers.peers import Peer
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    assert_same_body,
    describe,
)

pytestmark = pytest.mark.peers

ONE = {"id": "1"}
TWO = {"id": "2"}


def test_a_query_misses_then_hits_with_the_body_of_the_origin(shellac: Stack, peer: Peer) -> None:
    direct = shellac.query(peer.posts, direct=True)
    assert b'"errors"' not in direct.content, describe(direct)

    assert_same_body(assert_miss(shellac.query(peer.posts)), direct)
    assert_same_body(assert_hit(shellac.query(peer.posts)), direct)
    assert_same_body(assert_hit(shellac.query(peer.posts, method="GET")), direct)


def test_an_answer_with_errors_is_the_origins_and_is_not_kept(shellac: Stack, peer: Peer) -> None:
    direct = shellac.query(peer.partial, direct=True)
    assert b'"errors"' in direct.content, describe(direct)

    for _ in range(2):
        answer = shellac.query(peer.partial)
        assert answer.headers.get("gcdn-cache") != "HIT", describe(answer)
        assert_same_body(answer, direct)


def test_a_mutation_purges_what_holds_its_entity_and_nothing_else(
    shellac: Stack, peer: Peer
) -> None:
    holding = [(peer.post, ONE), (peer.title_only, ONE), (peer.posts, None)]
    for document, variables in [*holding, (peer.post, TWO)]:
        assert_miss(shellac.query(document, variables))
        assert_hit(shellac.query(document, variables))

    renamed = assert_pass(shellac.query(peer.rename, {**ONE, "title": "Renamed"}))
    assert_same_body(renamed, shellac.query(peer.rename, {**ONE, "title": "Renamed"}, direct=True))

    for document, variables in holding:
        fresh = assert_miss(shellac.query(document, variables))
        assert b'"Renamed"' in fresh.content, describe(fresh)
        assert_same_body(fresh, shellac.query(document, variables, direct=True))
        assert_hit(shellac.query(document, variables))
    assert_hit(shellac.query(peer.post, TWO))


@pytest.mark.parametrize(
    ("purge", "keeps_the_other"),
    [
        pytest.param('mutation { purgePost(id: ["1"]) }', True, id="by id"),
        pytest.param("mutation { purgePost }", False, id="by type"),
        pytest.param("mutation { _purgeAll }", False, id="all"),
    ],
)
def test_the_purging_api_brings_an_edit_that_shellac_did_not_see(
    shellac: Stack, peer: Peer, purge: str, keeps_the_other: bool
) -> None:
    for document, variables in [(peer.title_only, ONE), (peer.posts, None), (peer.post, TWO)]:
        assert_miss(shellac.query(document, variables))
    before = shellac.query(peer.title_only, ONE)
    shellac.query(peer.rename, {**ONE, "title": "Unseen"}, direct=True)
    assert_same_body(assert_hit(shellac.query(peer.title_only, ONE)), before)

    shellac.purge(purge)

    for document, variables in [(peer.title_only, ONE), (peer.posts, None)]:
        fresh = assert_miss(shellac.query(document, variables))
        assert b'"Unseen"' in fresh.content, describe(fresh)
    other = shellac.query(peer.post, TWO)
    (assert_hit if keeps_the_other else assert_miss)(other)


def test_a_purge_of_another_post_changes_nothing(shellac: Stack, peer: Peer) -> None:
    assert_miss(shellac.query(peer.post, ONE))
    shellac.purge('mutation { purgePost(id: ["2"]) }')
    assert_hit(shellac.query(peer.post, ONE))
