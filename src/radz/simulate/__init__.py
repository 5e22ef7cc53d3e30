"""Anatomy to simulated radiographs: a CT volume, its X-ray attenuation, the film a detector would show.

``python -m radz.simulate film.dcm`` writes the demonstration film.
"""
