"""AWQ's two searches (arXiv 2306.00978): `scales` finds channel scales, `clipping` ranges of weights."""
