"""momem train and calibrate: what makes the modules."""

import argparse
from pathlib import Path

from momem_lib.cli.options import DEVICES, MODULES, add_command
from momem_lib.project import GENERATED, InputError

OUT = GENERATED / "checkpoints"
TRAINING_DATA = "rows (train.jsonl) or tokens (train.MODULE.safetensors) of momem data (default: made as needed)"


def add(parsers) -> None:
    """Add the two commands and their options."""
    text = "train a module, or all three and their thresholds"
    parser = add_command(parsers, "train", train, text, "ner --steps 100 --out-dir runs/mine")
    parser.add_argument("module", choices=(*MODULES, "all"), help="all: and then their thresholds")
    parser.add_argument("--profile", choices=("quick", "full"), default="quick", help="how much data, how many steps")
    own = "a JSON file with keys of your own, see data/profiles (default: none)"
    parser.add_argument("--config", type=Path, metavar="FILE.json", help=own)
    parser.add_argument("--device", default="auto", choices=DEVICES, help="auto takes a GPU if there is one")
    for option, words in (
        ("--batch-size", "rows in a step"),
        ("--checkpoint-steps", "steps between two checkpoints"),
        ("--steps", "steps in all, max_global_steps"),
        ("--lr-steps", "steps between two decays of the learning rate by lr_gamma"),
        ("--seed", "whole number; of weights, order and dropout"),
    ):
        parser.add_argument(option, type=int, metavar="N", help=f"{words} (default: the profile's)")
    parser.add_argument("--out-dir", type=Path, default=OUT, metavar="DIR", help="folder to write to")
    parser.add_argument("--tr-dataset-path", type=Path, metavar="FILE", help=TRAINING_DATA)
    measured = "rows to measure on, validation.jsonl (default: made as needed)"
    parser.add_argument("--val-dataset-path", type=Path, metavar="FILE", help=measured)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out-dir")
    parser.add_argument("--init-from", type=Path, metavar="CKPT", help="weights to start from (default: random ones)")
    parser.add_argument("--load-optim", action="store_true", help="with --init-from: take the optimizer's state too")
    heat = "of the sampled answer at each checkpoint: 0 (always the likeliest) to 100"
    parser.add_argument("--temperature", type=float, default=0.0, help=heat)
    parser = add_command(parsers, "calibrate", calibrate, "set the confidence thresholds", "--num-datapoints 8000")
    parser.add_argument("--out-dir", type=Path, default=OUT, help="where the checkpoints are")
    parser.add_argument("--num-datapoints", type=int, default=4_000, help="validation questions to use")


def train(options: argparse.Namespace) -> None:
    """Train one module; or all three, one after the other, and calibrate them."""
    if options.module != "all":
        return train_one(options)
    for option in ("tr_dataset_path", "val_dataset_path", "init_from", "config"):
        if getattr(options, option):
            raise InputError(f"--{option.replace('_', '-')} is for one module: name it instead of all")
    for module in MODULES:
        if options.resume and (options.out_dir / f"{module}.json").is_file() and finished(options.out_dir, module):
            continue
        begun = (options.out_dir / f"{module}.train.safetensors").is_file()
        train_one(argparse.Namespace(**vars(options) | {"module": module, "resume": options.resume and begun}))
    calibrate(argparse.Namespace(out_dir=options.out_dir, num_datapoints=4_000))


def finished(folder: Path, module: str) -> bool:
    """Whether a module in a folder has had all the steps of its recipe."""
    from momem_lib.nn.checkpoints import load_tensors

    card = load_tensors(folder / f"{module}.safetensors")[1]
    return card.get("steps") == card.get("training", {}).get("max_global_steps")


def train_one(options: argparse.Namespace) -> None:
    """Train one module."""
    from momem_lib.nn.checkpoints import load_tensors
    from momem_lib.settings import change
    from momem_lib.training.config import read_config
    from momem_lib.training.datasets import training_rows
    from momem_lib.training.loop import train as train_module
    from momem_lib.training.trainer import check_same

    if options.load_optim and not options.init_from:
        raise InputError("--load-optim needs --init-from CKPT: the optimizer's state is read from that file")
    config = read_config(options.module, options.profile, options.config)
    given = {key: getattr(options, key) for key in ("batch_size", "checkpoint_steps", "lr_steps", "seed")}
    given |= {"max_global_steps": options.steps}
    config = change(config, {key: value for key, value in given.items() if value is not None}, "the options")
    if options.resume:  # found before a dataset is made
        state = options.out_dir / f"{options.module}.train.safetensors"
        check_same(config, load_tensors(state)[1], state)
    rows, held_out, facts = training_rows(config, options.tr_dataset_path, options.val_dataset_path)
    names = ("out_dir", "device", "resume", "init_from", "load_optim", "temperature")
    how = {name: getattr(options, name) for name in names}
    card = train_module(options.module, config, rows, held_out, facts=facts, **how)
    print(f"{card['parameters']:,} parameters, {card['steps']:,} steps, {card['seconds']:.0f} s of training")
    print(f"exact match on unseen names and values: {card['metrics']['exact_match']:.1%}")
    print(f"written: {options.out_dir / options.module}.safetensors (for use), .json, .train.safetensors (--resume)")


def calibrate(options: argparse.Namespace) -> None:
    """Choose on validation questions how sure each module must be, and write it into the checkpoints."""
    from momem_lib.system.calibration import calibrate as choose

    paths = {module: options.out_dir / f"{module}.safetensors" for module in MODULES}
    for module, threshold in choose(paths, options.num_datapoints).items():
        print(f"{module}: at least {threshold:.1%} sure")
