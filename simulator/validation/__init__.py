"""Predicted against measured: networks whose latency on silicon was published, and what the models say."""
