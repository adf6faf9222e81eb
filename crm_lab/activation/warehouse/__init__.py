"""How does a warehouse compute the segments itself?"""

from crm_lab.activation.warehouse.scoring_sql import read_scoring, segment_sql
from crm_lab.activation.warehouse.sql_dialects import DIALECTS
from crm_lab.activation.warehouse.warehouse_tables import WarehouseTables

__all__ = ["DIALECTS", "WarehouseTables", "read_scoring", "segment_sql"]
