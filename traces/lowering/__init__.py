"""Lowering: what each ATen op of an exported program is to the graph, one rule per op."""
