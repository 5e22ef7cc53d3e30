"""A plan of runs that differ in named settings, the runs themselves, and the table of their results."""
