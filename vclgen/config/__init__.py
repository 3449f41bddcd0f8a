"""``shellac.yaml``: Stellate's vocabulary and ours, checked before anything else sees it."""

from vclgen.config.graphql import NoSchema, SchemaFile, SchemaSource, SchemaText, SchemaUrl
from vclgen.config.load import Loaded, load_config, load_config_text
from vclgen.config.model import Config
from vclgen.config.scopes import Jwt, Scope, ScopeSource
from vclgen.config.sections import DEFAULT_KEYS, KeyFields, Rule
from vclgen.config.values import Address
from vclgen.errors import Notice

__all__ = [
    "DEFAULT_KEYS",
    "Address",
    "Config",
    "Jwt",
    "KeyFields",
    "Loaded",
    "NoSchema",
    "Notice",
    "Rule",
    "SchemaFile",
    "SchemaSource",
    "SchemaText",
    "SchemaUrl",
    "Scope",
    "ScopeSource",
    "load_config",
    "load_config_text",
]
