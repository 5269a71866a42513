"""Saving and loading models: weights as safetensors, the rest as JSON inside the same file; no pickle."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from momem_lib.data.tokens import ByteTokenizer
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError, git_commit, write_atomically

FORMAT = 1
TOKENIZER_CARD = json.loads(ByteTokenizer().to_json())


def pick_device(name: str = "auto") -> torch.device:
    """The device to compute on: auto takes a GPU where there is one.

    Raises:
        InputError: an unknown name, or a device that this machine or this build of PyTorch does not have.

    Example:
        >>> pick_device("cpu")
        device(type='cpu')
    """
    has = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if has[kind])
    if name not in has:
        raise InputError(f"device {name!r} is unknown; one of auto, cpu, cuda, mps was expected")
    if not has[name]:
        raise InputError(f"device {name!r} is not available on this machine; use --device auto or --device cpu")
    return torch.device(name)


def hardware(device: torch.device) -> str:
    """The device in words, for the card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{platform.machine()} CPU, {threads} thread{'' if threads == 1 else 's'}"


def circumstances(seed: int, device: torch.device) -> dict:
    """What a card tells about how a training run came about: its seed, the program, the device, PyTorch's version."""
    return {"seed": seed, "commit": git_commit(), "hardware": hardware(device), "torch": torch.__version__}


def model_card(model: Transformer, task: str, **facts) -> dict:
    """What must be known to use a model again, and what is good to know about its making."""
    return {
        "format": FORMAT,
        "task": task,
        "model": asdict(model.config),
        "tokenizer": TOKENIZER_CARD,
        "parameters": model.num_parameters(),
        **facts,
    }


def save_tensors(path: str | Path, tensors: Mapping[str, Tensor], card: dict) -> None:
    """Write tensors and their card into one safetensors file, atomically."""
    tensors = {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
    metadata = {"format": "pt", "card": json.dumps(card, ensure_ascii=False)}
    write_atomically(Path(path), lambda temporary: save_file(tensors, temporary, metadata))


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Read what save_tensors wrote.

    Raises:
        InputError: no such file, a damaged file, or one that this program did not write.

    Example:
        >>> load_tensors("nowhere.safetensors")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the checkpoint nowhere.safetensors does not exist: check the path, or train one \
with 'momem train'
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"the checkpoint {path} does not exist: check the path, or train one with 'momem train'")
    try:
        with safe_open(path, framework="pt") as file:
            card = json.loads((file.metadata() or {})["card"])
            if not isinstance(card, dict):
                raise ValueError("no card")
            # Cloned: a tensor that maps the file would change, or crash, when the file is overwritten.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, card
    except (SafetensorError, OSError, KeyError, ValueError, RecursionError) as error:
        raise InputError(
            f"the checkpoint {path} is damaged or is no MoMeM checkpoint ({type(error).__name__}): "
            "get it again, or train a new one with 'momem train' ('momem lm train' for a language model)"
        ) from None


def save_model(path: str | Path, model: Transformer, card: dict, dtype: torch.dtype = torch.float32) -> None:
    """Write a model for use: NAME.safetensors, and NAME.json with the same card for people to read."""
    save_tensors(path, {name: tensor.to(dtype) for name, tensor in model.named_parameters()}, card)
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    write_atomically(Path(path).with_suffix(".json"), lambda temporary: temporary.write_text(text, encoding="utf-8"))


def build(
    card: dict, tensors: Mapping[str, Tensor], path: str | Path, tokenizer: dict | None = TOKENIZER_CARD
) -> Transformer:
    """Make the model that a card describes and give it the weights.

    Args:
        tokenizer: what the card must say about its tokenizer.

    Raises:
        InputError: the card and the weights do not fit each other or this program.
    """
    try:
        known = {field.name for field in fields(ModelConfig)}
        if card["format"] != FORMAT or set(card["model"]) - known or card["tokenizer"] != tokenizer:
            raise ValueError("made by another version of this program")
        model = Transformer(ModelConfig(**card["model"]))
        missing, unexpected = model.load_state_dict(dict(tensors), strict=False)
        tied = {"head.scores.weight"} if model.config.tie_embeddings else set()
        if set(missing) - tied or unexpected:
            raise ValueError("weights do not fit the configuration")
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"the checkpoint {path} cannot be used ({reason}): train a new one") from None
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise InputError(f"the checkpoint {path} holds weights that are no numbers (NaN): train a new one")
    return model


def load_model(path: str | Path, device: str = "auto", task: str | None = None) -> tuple[Transformer, dict]:
    """Read a model for use, in evaluation mode, with its card.

    Raises:
        InputError: missing, damaged or unfitting file, or a model for another task than expected.
    """
    tensors, card = load_tensors(path)
    if task is not None and card.get("task") != task:
        raise InputError(f"the checkpoint {path} is for {card.get('task')!r}, but one for {task!r} was expected")
    return build(card, tensors, path).to(pick_device(device)).eval(), card
