"""Fitting a few physical parameters of a chip to measured networks."""
