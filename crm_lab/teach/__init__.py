"""For instructors: each student's notebook and data, grading offline, feedback."""

import crm_lab.run  # noqa: F401 - before any nbformat, which is then imported without its grammars
