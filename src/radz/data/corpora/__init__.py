"""One file per corpus; the file name is the corpus's name."""
