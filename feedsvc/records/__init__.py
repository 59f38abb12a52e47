"""Turns record files into stories: finds, reads, parses and cleans them. It doesn't know the index."""
