"""The use cases: evaluate, compare, calibrate, protocols and ablations."""
