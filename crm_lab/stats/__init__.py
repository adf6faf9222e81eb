"""Statistics on arrays: intervals, resampling, survival, inequality."""
