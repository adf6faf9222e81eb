"""Pictures of campaigns, contact fatigue and attribution."""

from crm_lab.plots.channels import campaigns, contacts

__all__ = ["campaigns", "contacts"]
