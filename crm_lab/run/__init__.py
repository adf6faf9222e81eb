"""Headless runs: parameters, plan, papermill engine, run store, rendering. Knows no retail."""

import sys

# nbformat imports jsonschema, and that, where it is there, a package that compiles 38 grammars at import: two to five
# seconds of every process, to check internationalized addresses, which no notebook has a field for. It does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # what cannot be imported, to Python
