"""Which format each layer gets within budgets: a mixed-integer program, made small, then solved."""
