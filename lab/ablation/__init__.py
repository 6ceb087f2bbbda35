"""The paper's ablation."""
