"""Files to text columns: what a person sees when they open the file, and what was found on the way."""
