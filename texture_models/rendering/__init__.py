"""From a saved model and a seed to pixels of any size. Knows no bucket and no file format."""
