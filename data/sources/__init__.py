"""Where photographs come from: built in, a folder or URL, or the TensorFlow datasets catalogue."""
