"""Simulated radiographs: a CT volume, its X-ray attenuation, the film that a detector would record.

``python -m radz.simulate film.dcm`` writes the demonstration film.
"""
