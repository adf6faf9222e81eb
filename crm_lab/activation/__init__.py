"""How do segments and lists leave the lab: as SQL in a warehouse, as files for a tool that sends?"""

from crm_lab.activation.warehouse import DIALECTS, WarehouseTables, read_scoring, segment_sql

__all__ = ["DIALECTS", "WarehouseTables", "read_scoring", "segment_sql"]
