"""Earlier translations, shown to the discriminators again so that they do not forget.

Source: Shrivastava et al. 2017, https://arxiv.org/abs/1612.07828, section 2.3; used as by Zhu et
al. 2017, https://arxiv.org/abs/1703.10593, section 4: until the pool is full every translation is
kept and judged; then each is, by an even chance, judged itself or swapped for a random earlier one.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from texture_models.training.replicas import assign_on_all, gathered, my_share


class ReplayPool:
    """A pool of pictures as variables, so that a resumed training draws the same ones.

    Attributes:
        variables: the pictures and how many of them are filled.
    """

    def __init__(self, size: int, side: int) -> None:
        """Make an empty pool.

        Args:
            size: pictures it holds, at least as many as one batch brings.
            side: of each, in pixels.
        """
        self.size = size
        self._pictures = tf.Variable(tf.zeros((size, side, side, 3)), trainable=False)
        self._filled = tf.Variable(0, trainable=False, dtype=tf.int32)
        self.variables = [self._pictures, self._filled]

    def swap(self, pictures: Any, seed: Any) -> Any:
        """Put pictures in, take as many out; none of a batch with one that is no numbers.

        Args:
            pictures: (batch, side, side, 3) float32, this device's share.
            seed: (2,) int32; decides which are swapped, and for which.

        Returns:
            (batch, side, side, 3): each the picture itself or an earlier one.
        """
        everything = gathered(pictures)
        count = everything.shape[0]
        seeds = tf.random.split(seed, 2)
        full = self._filled >= self.size
        numbers = self._filled + tf.range(count)
        slots = tf.where(full, _distinct(self.size, count, seeds[0]), numbers % self.size)
        chosen = tf.random.stateless_uniform((count,), seeds[1]) < 0.5
        sound = tf.reduce_all(tf.math.is_finite(everything))  # the optimisers skip it else
        kept = (sound & tf.where(full, chosen, numbers < self.size))[:, None, None, None]
        swapped = (full & chosen)[:, None, None, None]
        earlier = tf.gather(self._pictures, slots)
        news = tf.tensor_scatter_nd_update(
            self._pictures, slots[:, None], tf.where(kept, everything, earlier)
        )
        filled = tf.where(sound, tf.minimum(self._filled + count, self.size), self._filled)
        assign_on_all([(self._pictures, news), (self._filled, filled)])
        return my_share(tf.where(swapped, earlier, everything))


def _distinct(size: int, count: int, seed: Any) -> Any:
    """Return `count` different numbers below `size`."""
    order = tf.argsort(tf.random.stateless_uniform((size,), seed))
    return order[:count]
