"""Training: the one loop, its config, its checkpoints. What a step does belongs to a family."""
