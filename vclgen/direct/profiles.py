"""What is known of each kind of origin: names and numbers, no decisions.

Facts about Magento are those of its own VCL for Varnish and of its sources (2.4); about WPGraphQL
those of WPGraphQL Smart Cache. Names of headers are lowercase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Separator = Literal["space", "comma", "structured"]
"""Between the tags of a list. ``structured``: a list of strings as RFC 9875 has it."""


@dataclass(frozen=True, slots=True)
class TagList:
    """A header that lists tags."""

    header: str
    separator: Separator


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of origin.

    ``keyed_headers`` split the cache. ``ignored_headers`` change nothing there, so they neither
    split it nor make a request pass. ``page_cookie`` is the one cookie that splits pages; where it
    is set, pages are shared whatever other cookies a request has, and answers that may be cached
    lose their Set-Cookie: that is such an origin's own contract. ``cache_id``: the header in which
    the origin names what splits its cache; a client sends it back, a token counts only with it,
    and an answer with another one is not stored.

    ``purge_methods`` are what its purges use, ``listing_methods`` those that have to list tags;
    what others say without a list is about their URL. ``purge_lists``: the headers that list tags,
    by blanks or commas; ``purge_soft``: the one that makes them soft; ``soft_lists`` are always. A
    BAN lists tags in ``ban_lists``, if there are none of its ``ban_conditions`` besides, and is
    about everything otherwise. ``purge_groups``: the header that lists them as RFC 9875 has it, in
    a purge and in the answer to a write. ``pattern``: purges name tags as Magento does, in one
    regular expression. ``refresh``: a GET with ``Cache-Control: no-cache`` from who may purge is
    fetched anew.

    ``never_cached``: fields of the query root that its answers may not be cached with, whatever
    else they hold.

    ``site``: it serves more than the GraphQL path. Times are seconds; ``grace`` None leaves it to
    the origin's ``stale-while-revalidate``.
    """

    name: str
    tags: TagList | None = None
    keyed_headers: tuple[str, ...] = ()
    ignored_headers: tuple[str, ...] = ()
    page_cookie: str | None = None
    cache_id: str | None = None
    purge_methods: tuple[str, ...] = ()
    listing_methods: tuple[str, ...] = ()
    purge_lists: tuple[str, ...] = ()
    soft_lists: tuple[str, ...] = ()
    ban_lists: tuple[str, ...] = ()
    ban_conditions: tuple[str, ...] = ()
    purge_groups: str | None = None
    purge_soft: str | None = None
    pattern: bool = False
    refresh: bool = False
    site: bool = False
    pass_paths: tuple[str, ...] = ()
    marketing_parameters: tuple[str, ...] = ()
    health_path: str | None = None
    esi: bool = False
    swr: float = 0
    grace: float | None = None
    debug_header: str | None = None
    client_cache_control: str = "no-cache"
    hidden_headers: tuple[str, ...] = ()
    never_cached: tuple[str, ...] = ()
    tag_templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_PRODUCTS: Final = ("cat_p_{id}", "cat_p")
_CATEGORIES: Final = ("cat_c_{id}", "cat_c_p_{id}", "cat_c")

MAGENTO: Final = Profile(
    name="magento",
    tags=TagList("x-magento-tags", "comma"),
    keyed_headers=(
        "store",
        "content-currency",
        "x-magento-cache-id",
        "x-adobe-company",
        "preview-version",
    ),
    ignored_headers=("accept-language",),
    page_cookie="X-Magento-Vary",
    cache_id="x-magento-cache-id",
    purge_methods=("PURGE",),
    purge_soft="x-magento-purge-soft",
    pattern=True,
    site=True,
    pass_paths=("/customer", "/checkout"),
    marketing_parameters=(
        *("gclid", "gclsrc", "gad_source", "gbraid", "wbraid", "dclid", "srsltid", "msclkid"),
        *("_gl", "_kx", "cx", "ie", "cof", "siteurl", "zanpid", "origin", "fbclid"),
        *("mc_*", "utm_*", "_bta_*"),
    ),
    health_path="/health_check.php",
    esi=True,
    swr=300,
    grace=3 * 86_400,
    debug_header="X-Magento-Cache-Debug",
    client_cache_control="no-store, no-cache, must-revalidate, max-age=0",
    hidden_headers=("server", "x-powered-by"),
    never_cached=(
        *("cart", "customer", "customerDownloadableProducts", "customerOrders"),
        *("customerPaymentTokens", "wishlist"),
    ),
    tag_templates={
        "ProductInterface": _PRODUCTS,
        "SimpleProduct": _PRODUCTS,
        "VirtualProduct": _PRODUCTS,
        "DownloadableProduct": _PRODUCTS,
        "ConfigurableProduct": _PRODUCTS,
        "BundleProduct": _PRODUCTS,
        "GroupedProduct": _PRODUCTS,
        "GiftCardProduct": _PRODUCTS,
        "CategoryInterface": _CATEGORIES,
        "CategoryTree": _CATEGORIES,
        "CmsPage": ("cms_p",),
        "CmsBlock": ("cms_b_{identifier}", "cms_b"),
        "StoreConfig": ("gql_store_config_{id}", "gql_store_config"),
    },
)

WPGRAPHQL: Final = Profile(
    name="wpgraphql",
    tags=TagList("x-graphql-keys", "space"),
    purge_methods=("PURGE_GRAPHQL", "PURGE"),
    listing_methods=("PURGE_GRAPHQL",),
    purge_lists=("graphql-purge-keys",),
    hidden_headers=("x-graphql-url", "x-powered-by"),
)

TAGGED: Final = Profile(
    name="tagged",
    purge_methods=("PURGE", "PURGEKEYS", "BAN", "REFRESH"),
    listing_methods=("PURGEKEYS",),
    purge_lists=("surrogate-key", "xkey-purge", "xkey", "cache-tags", "purge-cache-tags"),
    soft_lists=("xkey-softpurge",),
    ban_lists=("cache-tags", "purge-cache-tags"),
    ban_conditions=(
        *("apiplatform-ban-regex", "cache-group-invalidation", "cache-tag", "surrogate-key"),
        *("x-cache-tags", "xkey", "xkey-purge", "xkey-softpurge"),
    ),
    purge_groups="cache-group-invalidation",
    purge_soft="fastly-soft-purge",
    refresh=True,
)

PROFILES: Final[Mapping[str, Profile]] = {p.name: p for p in (MAGENTO, WPGRAPHQL, TAGGED)}

KNOWN_SEPARATORS: Final[Mapping[str, Separator]] = {
    "cache-groups": "structured",
    "cache-tag": "comma",
    "cache-tags": "comma",
    "x-cache-tags": "comma",
    "surrogate-key": "space",
    "purge-cache-tags": "space",
    "x-drupal-cache-tags": "space",
    "xkey": "space",
}
"""By the header that holds the tags, where the config does not say it."""

STATIC: Final = r"^/(pub/)?(media|static)/"
"""Static files and media, as Magento's own VCL finds them."""

STEERING_HEADERS: Final = (
    "forwarded",
    "front-end-https",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
)
"""Headers by which frameworks let a client choose another scheme, host, path or method than
the key's: dropped from cacheable fetches unless they are keyed."""
