"""What every spatial generator shares: a field of noise cells in, a picture of any size out.

The families `psgan`, `conditional_gan` and `vae` are built from it; they differ in what modulates
the generator and in what they learn from. Nothing here pads, so a field that wraps gives a picture
that wraps.
"""
