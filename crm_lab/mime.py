"""The types under which a notebook's outputs carry data for machines, and what says that a report is made."""

from typing import Final

RESULT_MIME: Final = "application/vnd.crm-lab.result+json"
FIGURE_MIME: Final = "application/vnd.crm-lab.figure+json"
DRAWING_MIME: Final = "application/vnd.crm-lab.drawing+json"
ANSWER_MIME: Final = "application/vnd.crm-lab.answer+json"
REPORT_VARIABLE: Final = "CRM_LAB_REPORT"  # set in the environment: figures are drawn for pages, tables written as CSV
