"""What photographs and renderings show, as networks see it that make no pictures."""
