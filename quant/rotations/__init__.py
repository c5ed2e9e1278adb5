"""Orthogonal rotations of a network that spread outliers over all channels, and what they cost at run time.

`orders` says which Hadamard matrices there are, `matrices` makes them, `transform` multiplies by them fast.
`modules` and `op` are what a rotated network computes with; `sites` names what a network's rotations
touch, `restructure` builds them in, `fold` is the one place where they enter the weights, and `surgery` makes
the same change to a stored graph. `cayley` and `learn` find rotations by gradient.
"""
