"""Maps of a material, derived from one seamless rendering of its colour.

Everything here works on the torus: a filter that reaches over the last row goes on in the first, so
a map wraps because of how it is made, and rolling the rendering rolls its maps. A rendering knows
no depth: height comes from luminance and everything else from that height, so these maps are
`approximated`, a word that libraries of materials use for exactly this.

The same rendering gives the same maps, bit for bit, on every machine: sums run over whole numbers,
and the only operations on fractions are those that IEEE 754 rounds correctly (+ - * / and the
square root), none of which depends on the processor's vector units. There are no powers,
logarithms or Fourier transforms.
"""
