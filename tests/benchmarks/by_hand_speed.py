"""How long a training step takes in NumPy by hand and in torch with autograd: python tests/benchmarks/by_hand_speed.py

Each step is a forward pass, a backward pass, and a step of AdamW. Both sides are timed in turns, in the same run.
Set OMP_NUM_THREADS for the number of cores.
"""

import argparse
import os
import statistics
import time

import numpy as np
import torch

from momem_lib.by_hand import (
    HandConfig,
    adam,
    loss_and_gradients,
    new_parameters,
    twin_loss_and_gradients,
    twin_parameters,
)


def make_steps(config: HandConfig, batch: int) -> dict:
    """A step of each kind, from the same parameters on the same batch; each returns its loss."""
    generator = np.random.default_rng(0)
    tokens, targets = generator.integers(0, config.vocab_size, (2, batch, config.context))
    parameters = new_parameters(config)
    twin = twin_parameters(parameters)
    memories, by_torch = {name: {} for name in parameters}, torch.optim.AdamW(twin.values(), 1e-3)
    tensors = torch.tensor(tokens), torch.tensor(targets)

    def numpy_step() -> float:
        loss, gradients = loss_and_gradients(parameters, config, tokens, targets)
        for name, array in parameters.items():
            parameters[name] = adam(array, gradients[name], memories[name], 1e-3, decay=0.01)
        return loss

    def torch_step() -> float:
        loss, gradients = twin_loss_and_gradients(twin, config, *tensors)
        for name, tensor in twin.items():
            tensor.grad = gradients[name]
        by_torch.step()
        return loss

    return {"torch autograd": torch_step, "NumPy by hand": numpy_step}


def main(options: argparse.Namespace) -> None:
    """Time both in turns and print a table."""
    config = HandConfig(
        options.vocabulary, options.width, options.heads, options.blocks, options.hidden, context=options.length
    )
    size = sum(array.size for array in new_parameters(config).values())
    print(f"{config}\n{size:,} parameters, batch {options.batch}, float32")
    print(f"threads: torch {torch.get_num_threads()}, OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')}\n")
    steps = make_steps(config, options.batch)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    losses: dict[str, list[float]] = {name: [] for name in steps}
    cpu = dict.fromkeys(steps, 0.0)
    for turn in range(options.turns + 1):
        for name, step in steps.items():
            cpu_begin = time.process_time()
            for _ in range(options.steps):
                begin = time.perf_counter()
                losses[name].append(step())
                if turn:  # the first turn is for warming up
                    seconds[name].append(time.perf_counter() - begin)
            cpu[name] += (time.process_time() - cpu_begin) * bool(turn)
    print(f"{'':16} {'ms/step (median)':>18} {'CPU ms/step':>12} {'tokens/s':>10} {'last loss':>10}")
    tokens = options.batch * options.length
    for name, times in seconds.items():
        middle = statistics.median(times)
        busy, last = 1000 * cpu[name] / len(times), losses[name][-1]
        print(f"{name:16} {1000 * middle:18.1f} {busy:12.1f} {tokens / middle:10,.0f} {last:10.4f}")
    by_torch, by_hand = (statistics.median(times) for times in seconds.values())
    ratio = by_hand / by_torch
    print(f"\nNumPy by hand takes {ratio:.2f} times the time of torch (at most 2 wanted: {ratio <= 2})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = {"width": 256, "heads": 4, "blocks": 2, "hidden": 1024, "batch": 8, "length": 64, "vocabulary": 1024}
    for key, number in (sizes | {"turns": 5, "steps": 10}).items():
        parser.add_argument(f"--{key}", type=int, default=number)
    main(parser.parse_args())
