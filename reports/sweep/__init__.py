"""Sweeps: from axes over chips, recipes and work to a front of the points that no other beats."""
