"""A trained model as a predictor, free of any web framework."""
