"""Walks a dataflow graph on a chip: bind, place, cost, total. Imports neither torch nor matplotlib."""
