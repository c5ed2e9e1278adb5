"""Joins cost with word error rate: tables, figures, the HTML report, and exports for other viewers."""
