"""What is rendered for each Varnish that the config can name."""

import difflib
import re
import typing

import pytest

from vclgen.config import load_config_text
from vclgen.errors import ConfigError
from vclgen.plan import gateway_plan
from vclgen.render import render, templates_folder
from vclgen.versions import VarnishVersion

VERSIONS = typing.get_args(VarnishVersion)
GONE_IN_8_0 = re.compile(r"std\.(real2integer|real2time|time2integer|time2real)\b")
NOT_IN_6_0 = re.compile(
    r"std\.(ban|ban_error|blobread|fnmatch|round|strftime)\b|req\.is_hit|(duration|real|time)="
)


def rendered(version: str) -> str:
    config = f"originUrl: https://a.example/graphql\nvarnish: {{version: {version}}}"
    return render(gateway_plan(load_config_text(config).config))


def test_the_same_text_serves_all_but_the_oldest() -> None:
    assert len({rendered(version) for version in VERSIONS if version != "6.0"}) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_only_what_a_version_has_is_used(version: str) -> None:
    found = (NOT_IN_6_0 if version == "6.0" else GONE_IN_8_0).search(rendered(version))
    assert found is None, found


def test_the_oldest_differs_in_these_lines_alone() -> None:
    lines = difflib.unified_diff(
        rendered("7.1").splitlines(), rendered("6.0").splitlines(), n=0, lineterm=""
    )
    changed = [line.strip() for line in lines if line[0] in "+-" and line[1:3] not in ("++", "--")]
    subjects = ("boot", "now", "ban(", "is_hitmiss", "Known not to be", "Began", "hit; ttl=")
    for line in changed:
        assert any(subject in line for subject in subjects), line
    assert [each for each in subjects if not any(each in line for line in changed)] == []


def test_no_template_decides_by_version_itself() -> None:
    for template in templates_folder().rglob("*.j2"):
        text = template.read_text()
        assert GONE_IN_8_0.search(text) is None, f"{template.name}: write plan.words"
        assert "version ==" not in text, template.name


@pytest.mark.parametrize("version", ["5.2", "'7'", "'7.10'", "latest", "[7.1]"])
def test_another_version_is_refused(version: str) -> None:
    with pytest.raises(ConfigError, match=r"varnish\.version"):
        rendered(version)
