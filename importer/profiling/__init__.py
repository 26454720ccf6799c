"""What the columns of a file look like: a first mapping, signs of damage, and changes since the last run."""
