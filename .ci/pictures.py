"""`make pictures`: README's picture of the report, and the figures that guides quote.

The picture carries a hash of the findings that it shows, as the committed pages have them: a finding that changes makes
`make check` ask for a new picture, without a comparison of pixels.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

ROOT = Path(__file__).resolve().parents[1]
PICTURE, SUITE = ROOT / "docs" / "report.png", "tour"
RESULT = "application/vnd.crm-lab.result+json"
_MARK, _SIZE = "findings", (1280, 960)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
)  # fmt: skip


def findings() -> str:
    """A hash of what the suite's pages answer, from their committed outputs."""
    suite = tomllib.loads((ROOT / "suites" / f"{SUITE}.toml").read_text(encoding="utf-8"))
    said = []
    for page in suite["page"]:
        notebook = json.loads((ROOT / "notebooks" / f"{page['notebook']}.ipynb").read_text(encoding="utf-8"))
        outputs = [
            out for cell in notebook["cells"] for out in cell.get("outputs", []) if RESULT in out.get("data", {})
        ]
        results = [out["data"][RESULT] for out in outputs]
        said.append(next((r["readout"] for r in results if r["headline"]), None))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_fresh() -> bool:
    """Whether README's picture shows what the committed pages say."""
    with Image.open(PICTURE) as picture:
        return picture.info.get(_MARK) == findings()


def main() -> int:
    """Run the suite, take the picture of its index, renew what guides quote."""
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("No Chromium is here to take the picture with (Debian: apt-get install chromium).", file=sys.stderr)
        return 2
    subprocess.run([sys.executable, "-m", "crm_lab.cli", "run", SUITE], cwd=ROOT, check=True)
    index = (ROOT / "outputs" / SUITE / "latest" / "index.html").as_uri()
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        size = f"--window-size={_SIZE[0]},{_SIZE[1]}"
        command = [browser, *_QUIET, size, f"--user-data-dir={folder}/profile", f"--screenshot={shot}", index]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        note = PngInfo()
        note.add_text(_MARK, findings())
        with Image.open(shot) as picture:
            picture.quantize(128).save(PICTURE, pnginfo=note, optimize=True)
    print(f"Written: {PICTURE.relative_to(ROOT)} ({PICTURE.stat().st_size // 1024} KB)")
    return subprocess.run([sys.executable, ROOT / ".ci" / "generated.py"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
