"""``python -m crm_lab.cli`` is ``crm-lab``."""

from __future__ import annotations

from crm_lab.cli import main

main(prog_name="crm-lab")
