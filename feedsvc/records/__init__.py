"""Record files to stories: finding, reading, parsing and cleaning. Nothing here knows of the index."""
