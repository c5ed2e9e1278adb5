"""Edge chips and the analytic models that cost a dataflow graph on them; no torch, no matplotlib."""
