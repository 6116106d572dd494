"""Published libraries of textures: what is recorded, how it is encoded, written and shown.

`docs/library-format.md` describes the result for readers of a library.
"""
