"""Parts of a corpus: folds of patients, subsets, findings held out."""
