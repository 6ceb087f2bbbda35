"""Where training takes place."""

import torch

CPU = torch.device("cpu")


def accelerator() -> torch.device:
    """This process's GPU where there is one, else the CPU."""
    return torch.device("cuda") if torch.cuda.is_available() else CPU
