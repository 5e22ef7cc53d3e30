"""Files to studies: pixels, labels, splits and the corpora that hold them."""
