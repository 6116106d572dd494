"""Conditional GAN: the label, or a map of labels, says which material grows where.

Papers: Mirza & Osindero 2014, "Conditional Generative Adversarial Nets",
https://arxiv.org/abs/1411.1784; Miyato & Koyama 2018, "cGANs with Projection Discriminator",
https://arxiv.org/abs/1802.05637, equation 3; Park et al. 2019, "Semantic Image Synthesis with
Spatially-Adaptive Normalization", https://arxiv.org/abs/1903.07291, equation 1, for scale and shift
that depend on the place. Generator and noise are those of the periodic spatial GAN, see
`texture_models.spatial`.

Good at: several materials in one picture with borders that follow the grain of both, say a path of
gravel through grass; a flat map gives the same pixels as the label. Bad at: borders that follow a
rule of their own (a kerb, a row of edging stones): it has seen the materials, not where they meet;
more materials than its training shows often enough.

Departures: projection and modulation take the weights of the materials at every place instead of
one label a picture; scale and shift are linear in the weights, because there is nothing else in a
map of weights to learn from; every material has a height in every pixel, learnt, and the weights
are sharpened with it, w exp(h) normalised, as terrain renderers blend by height: weights of 0 and 1
stay exactly what they are, and between them whole stones and blades win. The pictures of borders
that the discriminator is shown as real are photographs laid over each other by the same formula
with their brightness as height, shaded and levelled (`mixing`); there are no photographs of borders
to learn from. Everything else as in `psgan`: valid convolutions, measured waves and colours, lazy
R1, matching of Gram matrices and spectra, pictures that are changed for a discriminator that is too
sure, but not moved, because it reads a map beside them (`training.augmenting`).
"""
