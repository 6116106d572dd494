"""Texture VAE: photographs to codes, codes to endless textures; "more like this".

Papers: Kingma & Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114;
Chatillon, Gousseau & Lefebvre 2023, "A geometrically aware auto-encoder for multi-texture
synthesis", https://arxiv.org/abs/2302.01616, for an encoder that pools statistics into one code and
losses that compare statistics; Larsen et al. 2016, https://arxiv.org/abs/1512.09300, for a
discriminator's features as the measure of likeness.

Good at: a photograph nobody trained on gives a code, and the code a canvas of any size; ways from
one photograph to another; new ones from the fitted prior. Bad at: photographs far from all it was
trained on, of which it keeps colour and grain only; several hundred materials in its small code.

Two objectives. `statistics`: half of the batch is decoded from the picture's code and its own cells
(low-pass L1), half from its code and fresh cells; both are judged, and compared by Gram matrices of
the discriminator's features and by spectra. `elbo`: the pixels of the first path under a Gaussian
and the divergences from the prior, nothing else; it is blurred, and kept to be compared with.

Departures: the decoder is the periodic spatial GAN's, so what it draws tiles and any region can be
drawn alone; noise that is not random but encoded enters in some channels of the cells; waves are
measured in a photograph, not encoded; free bits of 0.05 nat a channel (Kingma et al. 2016,
https://arxiv.org/abs/1606.04934), taken over the batch; codes bounded to three deviations, so that
no picture's is far from all others; weights that begin as whitened statistics of the photographs,
so that codes tell them apart from the first step (`beginning`); pictures that are changed for a
discriminator that is too sure (`training.augmenting`); lazy R1 (https://arxiv.org/abs/1801.04406)
on the discriminator; the encoder at a tenth of the decoder's rate (`encoder_rate`), and slopes that
are suddenly long shortened to four times their usual length, because one strange photograph sent
the decoder off; in place of the standard normal prior a Gaussian with full covariance is fitted to
the mean codes of each material after the training (Ghosh et al. 2020,
https://arxiv.org/abs/1903.12436, section 4).
"""
