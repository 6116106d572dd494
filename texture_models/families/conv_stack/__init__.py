"""Deep plain generator: picture in, picture of the same size out, through equal blocks.

Papers: Ulyanov et al. 2016, "Texture Networks: Feed-forward Synthesis of Textures and Stylized
Images", https://arxiv.org/abs/1603.03417, for a stack of convolutions that turns a random picture
into a texture; Jetchev, Bergmann & Vollgraf 2016, https://arxiv.org/abs/1611.08207, for judging it
by a convolutional discriminator; Pathak et al. 2016, "Context Encoders",
https://arxiv.org/abs/1604.07379, section 3, for the loss of two parts, reproduction and adversary,
on pictures with holes; Zhou et al. 2018, "Non-stationary Texture Synthesis by Adversarial
Expansion", https://arxiv.org/abs/1805.04487, for growing a photograph.

The generator is N blocks of the same resolution: 3x3 convolution, batch normalisation, LeakyReLU
0.2. Half of every batch reproduces photographs of which parts are hidden or covered with noise; the
other half is generated from nothing but a random picture. Where all of a pixel was given, the
discriminator sees the photograph's, so that what is invented has to go on from it. One network then
repairs (`remove_seam` and `remove_blemish` of `retouch.Retoucher`), expands, denoises and renders.

Good at: changing a photograph as little as needed, at any size; seamless by wrapping its input. Bad
at: making structures from nothing that are larger than its reach, `margin_px`, because every block
sees only two more places: stones and bricks, and no straight wall.

Departures: valid convolutions only, with a margin of input around the picture, so that no border is
learnt; a fourth input channel says how far each pixel can be trusted, 0 where the network has to
invent; the random picture is hashed noise of three grains (1, 5 and 17 pixels), because noise of
single pixels tells a network of short reach nothing about large forms; small presets fold squares
of pixels into channels (Shi et al. 2016, https://arxiv.org/abs/1609.05158), so that few
blocks reach far at little cost; FiLM (https://arxiv.org/abs/1709.07871) for several materials;
pictures that are changed for a discriminator that is too sure (`training.augmenting`); lazy R1
(https://arxiv.org/abs/1801.04406) and Gram matching on the discriminator's features
(https://arxiv.org/abs/2006.16112) as the training asks for.
"""
