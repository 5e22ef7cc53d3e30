"""Reports and documents to what they say: sections, labels, sentences, citations."""
