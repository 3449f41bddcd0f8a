"""What the admin app serves from; whoever runs the controller keeps it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from controller.admin.failures import Failures
from controller.admin.purging_api import PurgingApi
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.gateway.origins import Director
from controller.jwks import KeySet
from controller.purge.purger import Purger
from controller.purge.refetch import Refetcher
from controller.tokens.reader import TokenReader

if TYPE_CHECKING:
    from controller.reloading import Reloader
    from controller.schema_keeper import SchemaKeeper


@dataclass(slots=True)
class AdminState:
    """The running controller as its admin listener sees it.

    ``index`` and ``policy`` may be replaced at any time; the Purging API follows. ``schema_error``
    says why there is no schema where one was wanted: the controller is not ready then. ``tokens``
    are valid besides ``SHELLAC_ADMIN_TOKEN``, ``kept_tokens`` finds those of `shellac token`,
    ``failures`` limits wrong ones. ``keeper`` takes pushed schemas. ``key_sets`` are the keys that
    verify clients' tokens. ``collectors`` are further metrics. ``refetcher`` fetches again what
    was purged. ``director`` knows how the origin's servers are. ``reloader`` puts another config in
    place.
    """

    policy: Policy
    purger: Purger
    index: SchemaIndex | None = None
    schema_error: str | None = None
    tokens: frozenset[str] = frozenset()
    kept_tokens: TokenReader | None = None
    failures: Failures = field(default_factory=Failures)
    keeper: SchemaKeeper | None = None
    key_sets: Sequence[KeySet] = ()
    collectors: Sequence[Collector] = ()
    refetcher: Refetcher | None = None
    director: Director | None = None
    reloader: Reloader | None = None
    _api: PurgingApi | None = field(default=None, init=False, repr=False)

    @property
    def purging_api(self) -> PurgingApi:
        """The Purging API for the schema of now."""
        api = self._api
        if api is None or api.index is not self.index or api.policy is not self.policy:
            api = self._api = PurgingApi(self.policy, self.index)
        return api
