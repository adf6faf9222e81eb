import pandas as pd
import pytest


@pytest.fixture
def customers():
    """Twelve shoppers of a small shop; rows as in customer_360."""
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:02d}" for i in range(12)],
            "recency_days": [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144],
            "tenure_days": [300, 310, 320, 330, 200, 210, 220, 230, 150, 160, 170, 144],
            "n_orders": [40, 35, 35, 20, 12, 12, 50, 30, 4, 3, 2, 1],
            "revenue": [900.0, 820, 700, 300, 220, 220, 1200, 640, 60, 45, 30, 9],
            "revenue_12m": [900.0, 820, 700, 300, 220, 220, 1200, 640, 60, 45, 30, 9],
            "median_gap_days": [7.0, 8, 8, 14, 15, 15, 4, 7, 30, 40, 60, None],
            "overdue": [0, 1 / 8, 2 / 8, 3 / 14, 5 / 15, 8 / 15, 13 / 4, 3, 34 / 30, 55 / 40, 89 / 60, None],
        }
    )
