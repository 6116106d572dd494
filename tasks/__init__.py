"""One side effect each, around plain functions of the two libraries."""
