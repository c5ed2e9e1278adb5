"""Predictions beside estimates of other tools: agreement, which is no measure of truth."""
