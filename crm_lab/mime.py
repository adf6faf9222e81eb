"""The types under which a notebook's outputs carry data for machines."""

from typing import Final

RESULT_MIME: Final = "application/vnd.crm-lab.result+json"
FIGURE_MIME: Final = "application/vnd.crm-lab.figure+json"
ANSWER_MIME: Final = "application/vnd.crm-lab.answer+json"
