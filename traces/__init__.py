"""Network to dataflow graph: tracing with torch.export, stored graphs, symbolic extents."""
