"""Which recipe each unit of a network follows on a chip, so that budgets hold in the mixed network itself."""
