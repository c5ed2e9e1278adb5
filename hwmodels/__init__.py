"""Edge chips and the analytic models that cost a dataflow graph on them. Imports neither torch nor matplotlib."""
