"""Documentation that lists what the code has."""

import re
from pathlib import Path

from controller.core.details import DETAILS

ROOT = Path(__file__).parents[2]
PASSES = (ROOT / "docs" / "passes.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]


def test_every_reason_of_a_pass_is_explained() -> None:
    for detail, meaning in DETAILS.items():
        assert f"| `{detail}` | {meaning} |" in PASSES, detail


def test_every_detail_of_the_vcl_is_explained() -> None:
    for template in (ROOT / "templates").rglob("*.j2"):
        for detail in re.findall(r'X-Shellac-Detail = "([^"]+)"', template.read_text()):
            assert f"`{detail}`" in PASSES, f"{detail} of {template.name}"


def test_every_reason_not_to_store_is_explained() -> None:
    sources = [*(ROOT / "controller/gateway").glob("*.py"), ROOT / "controller/core/answer.py"]
    for source in sources:
        text = source.read_text()
        found = re.findall(r'(?:return|detail =|refused=|Uncuttable\()\s*"([a-z-]+)"', text)
        for detail in found:
            assert f"`{detail}`" in PASSES, f"{detail} of {source.name}"


def test_every_error_of_the_gateway_is_explained() -> None:
    said = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', (ROOT / "controller/gateway/app.py").read_text()))
    for code in said - {"NO_HANDSHAKE", "NOT_FOUND"}:  # not by way of Cache-Status
        assert f"`{code.lower().replace('_', '-')}`" in PASSES, code


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    for page in PAGES:
        for target, anchor in re.findall(
            r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()
        ):
            found = page.parent / target if target else page
            assert found.exists(), f"{target} of {page.name}"
            if anchor:
                assert anchor in anchors(found.read_text()), f"{target}#{anchor} of {page.name}"


def anchors(page: str) -> set[str]:
    """Of a page's headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_place_in_the_documentation_waits_to_be_filled_in() -> None:
    for page in PAGES:
        assert not re.findall(r"@[A-Z_]+@|\b(?:TODO|TBD|FIXME)\b", page.read_text()), page.name
