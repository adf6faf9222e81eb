"""Which message is credited with an order? Bookkeeping, never an effect."""

from crm_lab.channels.attribution.attribution import Attribution, AttributionResult
from crm_lab.channels.attribution.contact_journeys import ContactJourneys

__all__ = ["Attribution", "AttributionResult", "ContactJourneys"]
