"""Figures about pictures, without downloaded weights: pure functions of uint8 RGB arrays.

Here: what a figure is and how it is computed. Not here: TensorFlow, files, registries, settings.
"""
