"""Which kinds of shoppers are there, how stable are they, who is in which, and who changes?"""

from crm_lab.segmentation.personas.shopper_clusters.cluster_scoring import ClusterScoring, load_clusters
from crm_lab.segmentation.personas.shopper_clusters.segment_drift import SegmentDrift, SegmentDriftResult
from crm_lab.segmentation.personas.shopper_clusters.segment_keeping import (
    KeepSegments,
    SegmentMovesResult,
    SegmentState,
)
from crm_lab.segmentation.personas.shopper_clusters.segment_passport import SegmentPassport, SegmentPassportResult
from crm_lab.segmentation.personas.shopper_clusters.segment_words import marks, segment_names
from crm_lab.segmentation.personas.shopper_clusters.shopper_clusters import ShopperClusters, ShopperClustersResult

__all__ = [
    "ClusterScoring",
    "KeepSegments",
    "SegmentDrift",
    "SegmentDriftResult",
    "SegmentMovesResult",
    "SegmentPassport",
    "SegmentPassportResult",
    "SegmentState",
    "ShopperClusters",
    "ShopperClustersResult",
    "load_clusters",
    "marks",
    "segment_names",
]
