"""Unpaired translation between two materials: the same layout, made of something else.

Paper: Zhu, Park, Isola & Efros 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks", https://arxiv.org/abs/1703.10593, section 3: two translators, two
discriminators of patches, least-squares adversary (eq. 1 with section 4's loss), cycle consistency
(eq. 2), identity term (section 5.2); a pool of 50 earlier translations from Shrivastava et al.
2017, https://arxiv.org/abs/1612.07828, section 2.3.

Good at: following what is in a picture, at any size; what tiles before tiles after. Bad at:
anything that the picture has no place for: the courses of a brick wall do not come out of grass,
and a translator changes colour and grain before it changes shapes.

Two ways to use it. `translation.Translator` turns given pictures into the other material. Rendering
by seed, as every family does it, translates an endless picture of the other material that the seed
names, see `source_canvas`.

Departures: `training.generator_rate` and `discriminator_rate`, 8e-4 unless they are set and 4e-4 in
the experiment of `prefect.yaml`, where the paper has 2e-4; every feature vector is divided by its
own length (Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.2) instead of instance
normalisation, whose statistics are the whole picture's and would make a result depend on how it was
cut into blocks; valid convolutions on a picture with a margin, wrapped where it tiles and mirrored
where it does not, and in training mirrored before every layer, which costs less and differs within
the margin only; squares of 4x4 pixels become channels before the first layer instead of two strided
convolutions, and nearest upsampling with a 3x3 convolution replaces transposed ones; components of
a material's own colours instead of tanh; cycle and identity compare means over squares of
`layout_px`, because a translator that has to give back every pixel hides it in patterns of single
pixels (Chu, Zhmoginov & Sandler 2017, https://arxiv.org/abs/1712.02950) and changes little else; a
running average of both translators; pictures that are changed for a discriminator that is too sure
(`training.augmenting`); lazy R1 and Gram matching on the discriminators' features
(https://arxiv.org/abs/2006.16112) as the training asks for.
"""
