"""Reports and documents: sections, labels, sentences written from labels, citations."""
