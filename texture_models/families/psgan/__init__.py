"""Periodic spatial GAN, the default family.

Papers: Jetchev, Bergmann & Vollgraf 2016, "Texture Synthesis with Spatial Generative Adversarial
Networks", https://arxiv.org/abs/1611.08207; Bergmann, Jetchev & Vollgraf 2017, "Learning Texture
Manifolds with the Periodic Spatial GAN", https://arxiv.org/abs/1705.06566.

Good at: textures of any size from a few photographs, seamless by construction, several materials
in one model. Bad at: layouts larger than its patch that are not periodic (a face, a wood knot).

Departures, each because it was measured to help within ten minutes on two cores
(docs/experiments.md): valid convolutions only, so that no border is ever learnt and a tile wraps
exactly; nearest upsampling and 3x3 convolution instead of 5x5 transposed ones; fresh noise at every
resolution (as in StyleGAN, https://arxiv.org/abs/1812.04948), and noise that several cells share, a
field instead of one global vector; wave vectors measured in the photograph's spectrum instead of
learnt, and waves at the coarsest three resolutions; features bounded, so that no place glows;
components of the photograph's own colours instead of tanh; losses on the finer bands of the power
spectrum (https://arxiv.org/abs/2003.01826), on detail that keeps to the upsampling grid and on a
rhythm out of step with its wave; pictures that are changed for a discriminator that is too sure
(`training.augmenting`); lazy R1 (https://arxiv.org/abs/1801.04406) and Gram matching on the
discriminator's features (GramGAN, https://arxiv.org/abs/2006.16112); a projection discriminator
(https://arxiv.org/abs/1802.05637) and FiLM (https://arxiv.org/abs/1709.07871) for several
materials.
"""
