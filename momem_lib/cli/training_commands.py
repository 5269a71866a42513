"""What the commands do that make models: train, average, words, calibrate; see cli.py for their options."""

import argparse

from momem_lib.project import InputError


def train(options: argparse.Namespace) -> int:
    """Train one module."""
    from momem_lib.training.config import read_config, update_config
    from momem_lib.training.datasets import training_rows
    from momem_lib.training.loop import train as train_module

    if options.load_optim and not options.init_from:
        raise InputError("--load-optim needs --init-from CKPT: the optimizer's state is read from that file")
    config = read_config(options.module, options.profile, options.config)
    given = {key: getattr(options, key) for key in ("batch_size", "checkpoint_steps", "lr_steps", "seed")}
    given |= {"max_global_steps": options.steps}
    config = update_config(config, {key: value for key, value in given.items() if value is not None}, "the options")
    rows, held_out, facts = training_rows(config, options.tr_dataset_path, options.val_dataset_path)
    card = train_module(
        options.module,
        config,
        rows,
        held_out,
        options.out_dir,
        options.device,
        options.resume,
        options.init_from,
        options.load_optim,
        options.temperature,
        facts,
    )
    print(f"{card['parameters']:,} parameters, {card['steps']:,} steps, {card['seconds']:.0f} s of training")
    print(f"exact match on unseen names and values: {card['metrics']['exact_match']:.1%}")
    print(f"written: {options.out_dir / options.module}.safetensors (for use), .json, .train.safetensors (--resume)")
    return 0


def average(options: argparse.Namespace) -> int:
    """Write the mean of several trained models of one module."""
    from momem_lib.nn.checkpoints import load_model
    from momem_lib.training.config import TrainConfig, update_config
    from momem_lib.training.datasets import training_rows
    from momem_lib.training.loop import average as mean_of

    _, card = load_model(options.checkpoints[-1], "cpu", options.module)
    config = update_config(TrainConfig(), card["training"], f"the card of {options.checkpoints[-1]}")
    rows = training_rows(config, options.val_dataset_path, options.val_dataset_path)[1]
    card = mean_of(options.module, config, options.checkpoints, options.out, rows)
    print(f"exact match on unseen names and values: {card['metrics']['exact_match']:.1%}")
    print(f"written: {options.out}")
    return 0


def words(options: argparse.Namespace) -> int:
    """Train the bag of words, which gives a second opinion on the field that a question asks for."""
    from momem_lib.data.rows import load_material
    from momem_lib.system.bag_of_words import FILE, save_bag_of_words, train_bag_of_words

    model, card = train_bag_of_words(load_material(), options.num_datapoints, options.seed)
    path = options.out_dir / FILE
    save_bag_of_words(path, model, card)
    shares = ", ".join(f"{share:.1%} in {phrasings} phrasings" for phrasings, share in card["metrics"].items())
    print(f"right on validation questions: {shares}\nwritten: {path}")
    return 0


def calibrate(options: argparse.Namespace) -> int:
    """Choose on validation questions how sure each module must be, and write it into the checkpoints."""
    from momem_lib.system.bag_of_words import FILE
    from momem_lib.system.calibration import calibrate as choose

    paths = {module: options.out_dir / f"{module}.safetensors" for module in ("ner", "summary", "response")}
    if (options.out_dir / FILE).is_file():  # else the shipped one gives the second opinion
        paths["words"] = options.out_dir / FILE
    for module, threshold in choose(paths, options.num_datapoints).items():
        print(f"{module}: at least {threshold:.1%} sure")
    return 0
