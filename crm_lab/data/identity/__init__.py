"""Which records are one person: standard fields, links with their probability, one record per person, and its worth."""

from crm_lab.data.identity.accuracy.clerical_review import ClericalReview, ReviewResult
from crm_lab.data.identity.accuracy.field_audit import FieldAudit, FieldAuditResult, audit_sample, fewest_right
from crm_lab.data.identity.accuracy.match_quality import MatchQuality, MatchQualityResult, labelled_pairs
from crm_lab.data.identity.accuracy.profile_coverage import ProfileCoverage, ProfileCoverageResult, match_rates
from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurve, ThresholdCurveResult
from crm_lab.data.identity.linkage.golden_records import GoldenRecord, GoldenRecordsResult
from crm_lab.data.identity.linkage.person_map import mapped_share, on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkageResult, LinkRecords
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.data.identity.standards.standard_records import Standardise, StandardRecords

__all__ = [
    "ClericalReview",
    "FieldAudit",
    "FieldAuditResult",
    "FieldRoles",
    "GoldenRecord",
    "GoldenRecordsResult",
    "LinkRecords",
    "LinkageResult",
    "MatchQuality",
    "MatchQualityResult",
    "ProfileCoverage",
    "ProfileCoverageResult",
    "ReviewResult",
    "StandardRecords",
    "Standardise",
    "ThresholdCurve",
    "ThresholdCurveResult",
    "audit_sample",
    "fewest_right",
    "guess_roles",
    "labelled_pairs",
    "mapped_share",
    "match_rates",
    "on_persons",
]
