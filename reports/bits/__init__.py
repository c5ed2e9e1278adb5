"""Which bit-widths fit a chip's budget: damage and error rates measured, the choice made and reported."""
