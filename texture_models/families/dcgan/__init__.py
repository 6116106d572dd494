"""Deep convolutional GAN: one latent vector a picture, the classic baseline.

Paper: Radford, Metz & Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", https://arxiv.org/abs/1511.06434, section 3: dense stem, batch
normalisation, LeakyReLU 0.2 in the discriminator, Adam 2e-4 with momentum 0.5. Dropout in the
discriminator as in Salimans et al. 2016, https://arxiv.org/abs/1606.03498, appendix.

Good at: a latent vector that means something, so that pictures can be interpolated and compared; a
yardstick for everything else here. Bad at: any size but its own, which is fixed when it is built;
structures beyond its few places of view; it forgets modes sooner than a field of noise does.

Departures: four times the paper's rate, because after 800 steps with 2e-4
(`training.generator_rate` and `discriminator_rate`) no material is told from another; nearest
upsampling and 3x3 convolution instead of transposed ones, which leave checkerboards
(https://distill.pub/2016/deconv-checkerboard); circular padding in the generator and a random roll
of every generated picture before it is judged, so that the wrap is judged like any other place and
a picture tiles by itself; the photographs' patches are not rolled, they do not wrap; LeakyReLU 0.2
in the generator too; no batch normalisation in the discriminator, because a batch that holds
several materials has no common statistics; components of a material's own colours instead of tanh,
so that a grey photograph gives grey; labels enter the generator beside the latent vector and as
scale and shift of every normalisation (FiLM, https://arxiv.org/abs/1709.07871; beside the vector
alone, brick and grass looked the same after 700 steps), and the discriminator as a projection
(https://arxiv.org/abs/1802.05637); pictures that are changed for a discriminator that is too sure
(`training.augmenting`); lazy R1 and Gram matching as the training asks for (`r1_gamma`,
`gram_weight`; 0 gives the paper's loss).
"""
