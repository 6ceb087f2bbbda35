"""The trained networks of the pipeline, as torch modules."""
