"""What-if sweeps: axes and the points they span, expressions over them, fronts, and what each axis does."""
