"""`make pictures`: README's picture of the report, and the figures that guides quote.

The picture carries a hash of the words and figures that its page shows. `make check` and `make test` make that page
again from the committed notebooks' outputs, without running anything: where it says something else, they ask for a new
picture. No pixels are compared, and only who takes the picture needs Chromium.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from crm_lab.run.execution.page_record import blank_page, ending, published
from crm_lab.run.html.rendering import render_index
from crm_lab.run.suites.notebook_file import notebooks
from crm_lab.run.suites.plan import make_plan
from crm_lab.run.suites.suite import load_suite

ROOT = Path(__file__).resolve().parents[1]
PICTURE, SUITE, LANG = ROOT / "docs" / "report.png", "tour", "en"
_MARK, _SIZE = "shows", (1280, 960)
_BELOW = "<footer>"  # from here on the index names the run
_CHANGED = re.compile(  # of this machine's runs alone
    r'<section class="changed-since">.*?</section>|<p class="(?:f trend|twin)">.*?</p>', re.DOTALL
)
_UNSEEN = re.compile(r'<style>.*?</style>|<span class="run">.*?</span>|<[^>]*>', re.DOTALL)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip


def shown(index: Path) -> str:
    """A hash of what an index page says: title, decisions, questions, answers; no layout, time or run."""
    upper, below, _ = index.read_text(encoding="utf-8").partition(_BELOW)
    if not below:
        raise SystemExit(f"{index.name} has lost {_BELOW}, where the part without run and time ends.")
    words = _UNSEEN.sub(" ", _CHANGED.sub(" ", upper)).split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def committed(folder: Path) -> Path:
    """The suite's index page in a folder, made from the outputs of the committed notebooks."""
    known = notebooks(ROOT)
    suite = load_suite(SUITE, ROOT, known)
    pages = []
    for page in make_plan(suite, known).pages:
        notebook = nbformat.read(page.notebook.path, as_version=4)
        told = {"results": published(notebook), "html": f"{page.name}.html"}
        pages.append({**blank_page(page, suite, LANG), **ending(notebook), **told})
    return render_index({"suite": SUITE, "title": suite.title, "lang": LANG, "pages": pages}, folder)


def is_fresh() -> bool:
    """Whether README's picture shows what the committed pages say."""
    with tempfile.TemporaryDirectory() as folder, Image.open(PICTURE) as picture:
        return bool(picture.info.get(_MARK) == shown(committed(Path(folder))))


def take(browser: str, index: Path, folder: Path) -> None:
    """Write the picture of an index page, with the hash of what it shows."""
    shot, copy, (width, height) = folder / "shot.png", folder / "picture.html", _SIZE
    copy.write_text(_CHANGED.sub("", index.read_text(encoding="utf-8")), encoding="utf-8")
    page = [f"--window-size={width},{height}", f"--screenshot={shot}", copy.resolve().as_uri()]
    subprocess.run(
        [browser, *_QUIET, f"--user-data-dir={folder / 'profile'}", *page], check=True, capture_output=True, timeout=120
    )
    note = PngInfo()
    note.add_text(_MARK, shown(index))
    with Image.open(shot) as picture:
        picture.quantize(128).save(PICTURE, pnginfo=note, optimize=True)


def main() -> int:
    """Run the suite, take the picture of its index, renew what guides quote and the table of simulated retailers."""
    import marginals

    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("No Chromium is here to take the picture with (Debian: apt-get install chromium).", file=sys.stderr)
        return 2
    ran = subprocess.run([sys.executable, "-m", "crm_lab.cli", "run", SUITE, "--lang", LANG], cwd=ROOT, check=False)
    if ran.returncode:
        return ran.returncode
    index = ROOT / "outputs" / SUITE / "latest" / "index.html"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if shown(index) != shown(committed(folder)):
            print(
                "This run says other things than the committed notebooks: 'crm-lab notebooks refresh', then again.",
                file=sys.stderr,
            )
            return 1
        take(browser, index, folder)
    print(f"Written: {PICTURE.relative_to(ROOT)} ({PICTURE.stat().st_size // 1024} KB)")
    marginals.write()
    return subprocess.run([sys.executable, ROOT / ".ci" / "generated.py"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
