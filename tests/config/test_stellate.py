"""A stellate.yml or graphcdn.yml is a valid shellac.yaml."""

import pytest

from vclgen.config import ScopeSource, load_config

SHOP = """\
# Stellate configuration. Learn more at https://docs.stellate.co/docs/cli
app: bookshop
schema: https://api.bookshop.example/graphql
originUrl: https://api.bookshop.example/graphql
enablePlayground: true
passThroughOnly: false
injectHeaders: true
headers:
  x-gateway-key: "123"
httpVersion: null
scopes:
  AUTHENTICATED: 'cookie:__Secure-next-auth.session-token|header:Authorization'
  LOCALE:
    definition: header:Accept-Language
    jwt: null
rootTypeNames:
  query: Query
  mutation: Mutation
keyFields:
  types:
    Tag:
      - name
    User:
      - id
      - username
    PageInfo: []
nonCacheable:
  - Cart
  - User.email
bypassCacheHeaders:
  - name: x-preview-token
mutationPolicy: Entity
ignoreOriginCacheControl: true
partialQueryCaching: {enabled: false}
retries:
  networkErrors: {isEnabled: false, whenGraphQLResponse: false}
removeCookies: [session-hint]
variableLogging: {enabled: false}
rules:
  - types:
      - Query
    maxAge: 900
    swr: 900
    description: Cache everything (default)
  - types:
      Query:
        - me
      User: true
      Order:
        status: true
    maxAge: 0
    swr: 0
    scope: AUTHENTICATED
    description: Never cache what belongs to a user
environments:
  staging:
    originUrl: staging.bookshop.example/graphql
"""


@pytest.mark.parametrize("name", ["stellate.yml", "graphcdn.yml", "shellac.yaml"])
def test_a_stellate_config_loads(tmp_path, name):
    (tmp_path / name).write_text(SHOP)
    found = load_config(tmp_path / name).config
    assert found.name == "bookshop"
    assert found.origin_url == "https://api.bookshop.example/graphql"
    assert found.scopes["AUTHENTICATED"].sources == (
        ScopeSource("cookie", "__Secure-next-auth.session-token"),
        ScopeSource("header", "authorization"),
    )
    assert [(rule.max_age, rule.swr, rule.scope) for rule in found.rules] == [
        (900, 900, None),
        (0, 0, "AUTHENTICATED"),
    ]
    assert found.rules[1].types == {"Query": {"me"}, "User": None, "Order": {"status"}}
    assert found.key_fields.types["User"] == (("id",), ("username",))
    assert found.key_fields.types["PageInfo"] == ()
    assert found.bypass_cache_headers[0].name == "x-preview-token"
    assert found.fetch_headers == {"x-gateway-key": "123"}
    assert found.remove_cookies == ("session-hint",)
    assert found.root_type_names.query == "Query"


def test_its_environments_are_chosen_by_name(tmp_path):
    (tmp_path / "stellate.yml").write_text(SHOP)
    found = load_config(tmp_path / "stellate.yml", environment="staging").config
    assert found.origin_url == "https://staging.bookshop.example/graphql"


def test_it_is_told_what_has_no_effect_and_what_a_missing_scope_means(tmp_path):
    file = tmp_path / "stellate.yml"
    file.write_text(SHOP)
    notices = {notice.path: notice for notice in load_config(file).notices}
    assert set(notices) == {"enablePlayground", "variableLogging", "rules[0]"}
    assert "Stellate shares such answers with everybody" in notices["rules[0]"].what
    assert "defaultScope: PUBLIC" in notices["rules[0]"].fix
    assert str(notices["enablePlayground"]).startswith(f"{file}:5: enablePlayground: ")


def test_a_shellac_yaml_needs_no_such_reminder(tmp_path):
    (tmp_path / "shellac.yaml").write_text(SHOP)
    paths = [notice.path for notice in load_config(tmp_path / "shellac.yaml").notices]
    assert "rules[0]" not in paths


@pytest.mark.parametrize("line", ["defaultScope: PUBLIC\n", "defaultScope: ANONYMOUS\n"])
def test_a_stated_default_scope_settles_it(tmp_path, line):
    (tmp_path / "stellate.yml").write_text(SHOP + line)
    paths = [notice.path for notice in load_config(tmp_path / "stellate.yml").notices]
    assert "rules[0]" not in paths
