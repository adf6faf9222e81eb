"""How do segments and lists leave the lab: as SQL in a warehouse, as files for a tool that sends?"""

from crm_lab.activation.audiences import TARGETS, Audience, AudienceResult, AudienceTarget, audience_file
from crm_lab.activation.warehouse import DIALECTS, WarehouseTables, read_scoring, segment_sql

__all__ = [
    "DIALECTS",
    "TARGETS",
    "Audience",
    "AudienceResult",
    "AudienceTarget",
    "WarehouseTables",
    "audience_file",
    "read_scoring",
    "segment_sql",
]
