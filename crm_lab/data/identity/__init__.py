"""Which records are one person: standard fields, links with their probability, one record per person, and its worth."""

from crm_lab.data.identity.accuracy.audit_plan import AuditPlan, AuditPlanResult
from crm_lab.data.identity.accuracy.clerical_review import ClericalReview, ReviewResult
from crm_lab.data.identity.accuracy.field_audit import FieldAudit, FieldAuditResult, audit_sample, fewest_right
from crm_lab.data.identity.accuracy.households_apart import HouseholdsApart, HouseholdsResult
from crm_lab.data.identity.accuracy.match_quality import MatchQuality, MatchQualityResult, labelled_pairs
from crm_lab.data.identity.accuracy.profile_coverage import ProfileCoverage, ProfileCoverageResult, match_rates
from crm_lab.data.identity.accuracy.review_plan import ReviewPlan
from crm_lab.data.identity.accuracy.system_overlap import SystemOverlap, SystemOverlapResult
from crm_lab.data.identity.accuracy.threshold_choice import ThresholdChoice, ThresholdChoiceResult
from crm_lab.data.identity.accuracy.threshold_curve import ThresholdCurve, ThresholdCurveResult
from crm_lab.data.identity.customer_master.map_file import PersonMap
from crm_lab.data.identity.customer_master.master_file import read_master
from crm_lab.data.identity.customer_master.open_records import CustomerRecords, open_records
from crm_lab.data.identity.linkage.golden_records import GoldenRecord, GoldenRecordsResult
from crm_lab.data.identity.linkage.person_map import mapped_share, on_persons
from crm_lab.data.identity.linkage.record_linkage import LinkageResult, LinkRecords
from crm_lab.data.identity.standards.field_roles import FieldRoles, guess_roles
from crm_lab.data.identity.standards.standard_records import Standardise, StandardRecords

__all__ = [
    "AuditPlan",
    "AuditPlanResult",
    "ClericalReview",
    "CustomerRecords",
    "FieldAudit",
    "FieldAuditResult",
    "FieldRoles",
    "GoldenRecord",
    "GoldenRecordsResult",
    "HouseholdsApart",
    "HouseholdsResult",
    "LinkRecords",
    "LinkageResult",
    "MatchQuality",
    "MatchQualityResult",
    "PersonMap",
    "ProfileCoverage",
    "ProfileCoverageResult",
    "ReviewPlan",
    "ReviewResult",
    "StandardRecords",
    "Standardise",
    "SystemOverlap",
    "SystemOverlapResult",
    "ThresholdChoice",
    "ThresholdChoiceResult",
    "ThresholdCurve",
    "ThresholdCurveResult",
    "audit_sample",
    "fewest_right",
    "guess_roles",
    "labelled_pairs",
    "mapped_share",
    "match_rates",
    "on_persons",
    "open_records",
    "read_master",
]
