"""The optimizer of the hidden matrices: Muon, in float32 on a CPU, for all matrices of a shape at once."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

# Each step maps the singular values s of a matrix to a s + b s^3 + c s^5. The coefficients, one triple a step, bring
# values from 0.001 to 1 closest to 1 when the steps follow each other (Amsel et al. 2025, arXiv:2505.16932).
STEPS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115956949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845749073, 0.4188073119525673),
)


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Matrices with the same directions, all of them about equally strong: U V of each U S V, without its SVD.

    The polynomials are worked out on the small square X X^T, so that only two products touch the long side.

    Args:
        matrices: (N, rows, columns), rows <= columns. steps: how many polynomials, 1 to 5.

    Example:
        >>> result = orthogonal(torch.randn(3, 8, 32, generator=torch.Generator().manual_seed(0)))
        >>> [0.85 < value < 1.15 for value in (result[0].norm().item() / 8**0.5, result[2].norm().item() / 8**0.5)]
        [True, True]
    """
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) * 1.02 + 1e-7)
    square = x @ x.mT  # (N, rows, rows)
    product = None
    for index, (a, b, c) in enumerate(STEPS[:steps]):
        polynomial = torch.baddbmm(b * square, square, square, alpha=c)
        polynomial.diagonal(dim1=1, dim2=2).add_(a)
        product = polynomial if product is None else polynomial @ product
        if index < steps - 1:
            square = polynomial @ square @ polynomial  # all of these are polynomials of one matrix: they commute
    return product @ x


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal, so that no few directions of a matrix take the whole step.

    Jordan et al. 2024 (Muon); the size of a step as in Liu et al. 2025, arXiv:2502.16982, section 2.2, so that learning
    rates mean what they mean to AdamW. torch.optim.Muon is the same, one matrix at a time and in bfloat16, which many
    CPUs compute slowly.

    Args:
        params: matrices. lr: learning rate. momentum: of the running mean of gradients, with Nesterov's look ahead.
        weight_decay: as in AdamW. steps: see orthogonal.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(2, 4))
        >>> weight.grad = torch.tensor([[3.0, 0, 0, 0], [0, 0.5, 0, 0]])
        >>> Muon([weight], lr=0.1).step()
        >>> weight.detach().round(decimals=1).tolist()  # a strong and a weak direction: steps of about the same size
        [[-0.0, 0.0, 0.0, 0.0], [0.0, -0.0, 0.0, 0.0]]
    """

    def __init__(
        self, params: Iterable, lr: float, momentum: float = 0.95, weight_decay: float = 0.0, steps: int = 5
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "steps": steps})

    @torch.no_grad()
    def step(self) -> None:
        """Change each matrix that has a gradient."""
        for group in self.param_groups:
            alike = defaultdict(list)  # by shape
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike[parameter.shape].append(parameter)
            for shape, parameters in alike.items():
                updates = self.directions(parameters, group["momentum"])  # (N, rows, columns)
                turned = updates.mT if shape[0] > shape[1] else updates
                updates = orthogonal(turned, group["steps"])
                updates = updates.mT if shape[0] > shape[1] else updates
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(parameters, list(updates), alpha=-group["lr"] * 0.2 * max(shape) ** 0.5)

    def directions(self, parameters: list[Tensor], momentum: float) -> Tensor:
        """The gradient and its running mean, mixed, of all matrices of a shape: (N, rows, columns)."""
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        means, gradients = [self.state[p]["momentum_buffer"] for p in parameters], [p.grad for p in parameters]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        return torch.stack(torch._foreach_lerp(gradients, means, momentum))
