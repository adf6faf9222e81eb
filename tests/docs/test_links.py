"""Links inside guides, README and changelog lead somewhere; the site is built without a warning."""

import json
import re

import pytest
from documentation import assemble, assemble_reference, broken_links, built

from crm_lab.project import project_root

ROOT = project_root()
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "data" / "README.md", *ROOT.glob("notebooks/*.md")]
)
LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(path):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    text = re.sub(r"^(```|````).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_links_in_pages_lead_to_files_and_headings():
    found, broken = 0, []
    for page in PAGES:
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" in link or link.startswith("mailto:"):
                continue
            found += 1
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert found > 10
    assert not broken


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "index.html").write_text('<h1 id="top"></h1><a href="#top"></a><a href="other.html#here"></a>')
    (tmp_path / "other.html").write_text('<a href="index.html"></a><a href="gone.html"></a><a href="https://a.b"></a>')
    assert broken_links(tmp_path) == ["index.html: other.html#here", "other.html: gone.html"]


def test_the_source_of_the_site_has_every_guide_notebook_and_public_module(tmp_path):
    assemble(tmp_path / "source")
    made = {path.relative_to(tmp_path / "source").as_posix() for path in (tmp_path / "source").rglob("*.md")}
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= made
    assert {f"notebooks/{path.stem}.md" for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")} <= made
    assert "reference/crm_lab.clv.models.bgnbd.md" in made
    notebook = (tmp_path / "source" / "notebooks" / "04_whom_to_call_first.md").read_text(encoding="utf-8")
    assert "solution" not in notebook
    cells = json.loads((ROOT / "notebooks" / "04_whom_to_call_first.ipynb").read_text(encoding="utf-8"))["cells"]
    pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    assert notebook.count("![") == pictures > 0


@pytest.mark.slow
def test_a_part_of_the_reference_is_built_without_warnings(tmp_path):
    """The whole site is `make docs`, and certified."""
    modules = ("crm_lab.clv.models.purchase_fit", "crm_lab.clv.validation.backtest")
    assemble_reference(tmp_path / "source", modules)
    assert built(tmp_path / "source", tmp_path / "site") == []
    pages = [(tmp_path / "site" / "reference" / f"{module}.html").read_text(encoding="utf-8") for module in modules]
    assert "Probability of still being a customer" in pages[0]
    assert "The same by the deviance of money: who spends what" in pages[1]
