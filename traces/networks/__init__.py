"""Networks other than recognisers: those whose latency was measured on chips of the library."""
