"""Backbones: latent diffusion models of others, as folders in diffusers' layout, and what they are read with."""
