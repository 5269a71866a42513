"""What the reader of notebook 05 writes: the library's versions, small inputs, and typical mistakes."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.course.nb05.exercises import (
    check_beam_search,
    check_diagnosis,
    check_page,
    check_top_p,
)
from momem_lib.course.nb05.model import (
    MLP,
    PAD,
    Block,
    DecoderOnly,
    EncoderDecoder,
    LayerNorm,
    SelfAttention,
    attend,
    next_token_loss,
    sample_probs,
    step,
    train,
    write,
)
from momem_lib.course.nb05.page import learn_and_write
from momem_lib.course.nb05.symptoms import ILL
from momem_lib.course.shared.judging import Part

# The library's version, where it is not the model's


def count(vocabulary: int, width: int, blocks: int) -> int:
    """The parameters of a DecoderOnly."""
    matrices = 4 + 8  # as large as width * width: four in attention, and the MLP's two of four times that size
    biases, norms = 4 + 4 + 1, 2 * 2  # of each block, in vectors as long as width
    in_block = matrices * width * width + (biases + norms) * width
    return vocabulary * width + blocks * in_block + 2 * width + vocabulary


# A typical mistake


def norm_like(
    centred: str = "x - x.mean(-1, keepdim=True)",
    size: str = "(x.var(-1, keepdim=True, correction=0) + 1e-5).sqrt()",
    then: str = " * self.gain + self.bias",
) -> tuple[str, str]:
    """LayerNorm written out, with one of its steps done in another way."""
    return "F.layer_norm(x, self.gain.shape, self.gain, self.bias)", f"({centred}) / ({size}){then}"


# How a class or a loop is called


def stirred(module: nn.Module) -> nn.Module:
    """The same module with every number moved a little, gains and biases too, so that none of them can be forgotten."""
    with torch.no_grad():
        for number in module.parameters():
            number += 0.3 * torch.randn(number.shape)
    return module


def normed(kind: type, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """What a layer norm makes of x."""
    layer = kind(x.shape[-1])
    layer.gain.data, layer.bias.data = gain, bias
    return layer(x)


def built(kind: type, x: Tensor, *shape: int) -> Tensor:
    """What a new layer of the width of x makes of it."""
    return stirred(kind(x.shape[-1], *shape))(x)


def scored(kind: type, blocks: int, *tokens: Tensor) -> Tensor:
    """What a new model makes of tokens."""
    return stirred(kind(12, 8, 2, blocks))(*tokens)


def pointwise(tokens: Tensor) -> Tensor:
    """A model that looks at one token alone: scores (B, T, V)."""
    return numbers(PAD + 1, PAD + 1)[tokens]


def summing(tokens: Tensor) -> Tensor:
    """A model that is sure: the next token is the last digit of the sum of all so far; scores (1, T, 10)."""
    return 9.0 * F.one_hot(tokens.cumsum(-1) % 10, 10)


def trained(train: Callable, steps: int, rate: float, squared: bool) -> tuple[list[float], Tensor] | None:
    """The losses of a few steps with a tiny model, and numbers that depend on all that it learned."""
    model, word = DecoderOnly(12, 8, 2, 1), torch.tensor([[3, 1, 4, 1, 5]])
    other = {"loss_of": lambda model, window: next_token_loss(model, window) ** 2} if squared else {}
    losses = train(model, [word + n for n in range(steps)], rate, **other)
    return None if losses is None else (losses, model(word)[0, :, 0])


def written_on(write: Callable, tokens: list[int], length: int) -> list[int]:
    """A text that goes on with the sums of its digits."""
    return write(summing, tokens, length, lambda scores: int(scores.argmax()))


def attended(attend: Callable, x: Tensor) -> Tensor | None:
    """What a layer makes of tokens that come one after the other."""
    layer, cache = stirred(SelfAttention(x.shape[-1], 2)), {}
    rows = [attend(layer, new, cache) for new in x.split(1, dim=1)]
    return rows[0] if rows[0] is None or rows[0] is ... else torch.cat(rows, dim=1)


def stepped(step: Callable, blocks: int, tokens: list[int]) -> Tensor | None:
    """What a model says after each token of a text, read one by one."""
    model, caches = stirred(DecoderOnly(12, 8, 2, blocks)), [{} for _ in range(blocks)]
    rows = [step(model, token, caches) for token in tokens]
    return rows[0] if rows[0] is None or rows[0] is ... else torch.stack(rows)


def numbers(*shape: int, seed: int = 3) -> Tensor:
    """Random numbers, the same at each call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


ONES, ZEROS, SOME = torch.ones(2), torch.zeros(2), numbers(1, 3, 8)
UP, WIDE = torch.tensor([1.0, 0.0]), torch.tensor([2.0, 1.0, 0.0, -1.0])

PARTS = {
    "05.1": Part(
        LayerNorm,
        [
            (torch.tensor([[1.0, 3.0]]), ONES, ZEROS),
            (torch.tensor([[2.0, 2.0]]), ONES, ZEROS),
            (torch.tensor([[1.0, 3.0], [10.0, 30.0]]), torch.tensor([1.0, 2.0]), torch.tensor([0.0, 5.0])),
            (5 * numbers(2, 3, 4), torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([4.0, 3.0, 2.0, 1.0])),
        ],
        {
            "the mean was not taken off": norm_like("x"),
            "the sizes were not brought to 1: divide by the standard deviation": norm_like(size="1"),
            "it divides by the variance: take its square root": norm_like(
                size="x.var(-1, keepdim=True, correction=0) + 1e-5"
            ),
            "a position whose numbers are all alike becomes 0 / 0: add 1e-5 before the root": norm_like(
                size="x.std(-1, keepdim=True, correction=0)"
            ),
            "std divides by D - 1: take the mean of the squares, or correction=0": norm_like(
                size="(x.var(-1, keepdim=True) + 1e-5).sqrt()"
            ),
            "mean and size are those of the whole table: each position has its own, along dim=-1": norm_like(
                "x - x.mean()", "(x.var(correction=0) + 1e-5).sqrt()"
            ),
            "mean and size are those of the columns: each position has its own, along dim=-1": norm_like(
                "x - x.mean(-2, keepdim=True)", "(x.var(-2, keepdim=True, correction=0) + 1e-5).sqrt()"
            ),
            "gain and bias are not used": norm_like(then=""),
            "the gain is not used": norm_like(then=" + self.bias"),
            "the bias is not used": norm_like(then=" * self.gain"),
        },
        normed,
        "With (x, gain, bias) = ({})",
    ),
    "05.2": Part(
        MLP,
        [(torch.ones(1, 1, 2),), (SOME,)],
        {
            "the bend is missing: two matrices in a row are one matrix": ("F.gelu(self.up(x))", "self.up(x)"),
            "GELU comes too late: it stands between the two matrices": (
                "self.down(F.gelu(self.up(x)))", "F.gelu(self.down(self.up(x)))"
            ),
            "GELU comes too early: it stands between the two matrices": ("F.gelu(self.up(x))", "self.up(F.gelu(x))"),
            "the bend is ReLU: here it is F.gelu": ("F.gelu", "F.relu"),
            "x is added here already: that is the block's work": ("return self", "return x + self"),
            "it is still 4 D wide: self.down is missing": ("self.down(F.gelu(self.up(x)))", "F.gelu(self.up(x))"),
        },
        built,
        "With x = {}",
    ),
    "05.3": Part(
        Block,
        [(torch.tensor([[[1.0, 0.0, 2.0, 0.0]]]), 2), (SOME, 2)],
        {
            "nothing is added to the stream: x = x + what a layer found": (
                "x = x + ", "x = ", "return x + ", "return "
            ),
            "what attention found replaces x: add it": ("x = x + ", "x = "),
            "what the MLP found replaces x: add it": ("return x + ", "return "),
            "the layers read the stream itself: give them a normalised copy": (
                "self.attention_norm(x)", "x", "self.mlp_norm(x)", "x"
            ),
            "the MLP reads what stood there before attention: let it read the new x": (
                "x = x + ", "y = x + ", "return x + ", "return y + "
            ),
            "the normalised copy became the stream: norm only what a layer reads": (
                "x = x + self.attention(self.attention_norm(x))",
                "x = self.attention_norm(x); x = x + self.attention(x)",
                "return x + self.mlp(self.mlp_norm(x))", "x = self.mlp_norm(x); return x + self.mlp(x)",
            ),
            "that is post-norm: the norm belongs in front of each layer, on what it reads": (
                "x + self.attention(self.attention_norm(x))", "self.attention_norm(x + self.attention(x))",
                "x + self.mlp(self.mlp_norm(x))", "self.mlp_norm(x + self.mlp(x))",
            ),
            "the MLP is missing": (" + self.mlp(self.mlp_norm(x))", ""),
            "attention is missing": (" + self.attention(self.attention_norm(x))", ""),
            "both layers read through attention_norm: the MLP has a norm of its own": (
                "self.mlp_norm(x)", "self.attention_norm(x)"
            ),
        },
        built,
        "With (x, heads) = ({})",
    ),
    "05.4": Part(
        DecoderOnly,
        [(1, torch.tensor([[7]])), (2, torch.tensor([[3, 1, 4, 1, 5]]))],
        {
            "the last norm is missing": ("self.norm(x)", "x"),
            "the bias is missing: one number for each token is added to the scores": (" + self.bias", ""),
            "only one block was used": ("in self.blocks", "in self.blocks[:1]"),
            "these are probabilities: scores are wanted, the loss does the softmax": (
                "self.norm(x) @ self.embedding.weight.T + self.bias",
                "torch.softmax(self.norm(x) @ self.embedding.weight.T + self.bias, -1)",
            ),
        },
        scored,
        "With (blocks, tokens) = ({})",
    ),
    "05.5": Part(
        count,
        [(1, 1, 0), (1, 1, 1), (257, 8, 1), (257, 48, 2), (50, 24, 3)],
        {
            "the head shares its matrix with the token vectors: count it once": ("return ", "return 2 * "),
            "the head has a bias of its own: one number for each token": (" + 2 * width + vocabulary", " + 2 * width"),
            "one more layer norm stands behind the last block": (" + 2 * width", ""),
            "the layer norms of the blocks are missing: two in each, with a gain and a bias": ("2 * 2", "0"),
            "there are two layer norms in each block": ("2 * 2", "2"),
            "a layer norm has a gain and a bias: 2 D numbers": ("2 * 2", "2", "2 * width", "width"),
            "each matrix comes with a bias: four in attention, two in the MLP": ("4 + 4 + 1", "0"),
            "attention has four matrices: query, key, value and out": ("4 + 8", "3 + 8"),
            "you counted one block only": ("blocks * in_block", "min(blocks, 1) * in_block"),
        },
        words="With (vocabulary, width, blocks) = ({})",
    ),
    "05.6": Part(
        next_token_loss,
        [
            (torch.tensor([list(b"ab")]),),
            (torch.tensor([[*b"cat"], [*b"ow", PAD]]),),
            (torch.tensor([[*b"the cat"], [*b"good", PAD, PAD, PAD]]),),
        ],
        {
            "each token is its own label: the labels are window[:, 1:]": ("window[:, 1:]", "window[:, :-1]"),
            "padding counts: leave out the places whose label is PAD": (", ignore_index=PAD", ""),
            "padding adds nothing, but you divide by all places: divide by the real ones": (
                "ignore_index=PAD)", "ignore_index=PAD, reduction='sum') / labels.numel()"
            ),
            "what is left out are places where PAD is read: it must be those where PAD is the label": (
                "labels.flatten(), ignore_index=PAD", "labels.masked_fill(window[:, :-1] == PAD, -100).flatten()"
            ),
            "that is the sum: take the mean": ("ignore_index=PAD", "ignore_index=PAD, reduction='sum'"),
            "the mean of each row was taken first: every real token should count alike": (
                "F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=PAD)",
                "sum(F.cross_entropy(*row, ignore_index=PAD) for row in zip(scores, labels)) / len(labels)",
            ),
            "cross_entropy does the softmax itself: give it the scores": (
                "scores.flatten", "scores.softmax(-1).flatten"
            ),
            "the sign is turned round: a surprise is never below 0": ("return F", "return -F"),
        },
        lambda version, window: version(pointwise, window),
        "With a model that looks at one token alone, and window = {},",
    ),
    "05.7": Part(
        train,
        [(1, 0.1, False), (3, 0.1, False), (2, 0.01, True)],
        {
            "gradients pile up from step to step: optimizer.zero_grad() before backward": ("optimizer.zero_grad()", ""),
            "nothing is learned: optimizer.step() is missing": ("optimizer.step()", ""),
            "it ends after one batch: return comes after the loop": ("    return losses", "        return losses"),
            "the losses are tensors, which keep all that made them in memory: loss.item()": (".item()", ""),
            "loss_of is not used: next_token_loss is only where it begins": ("loss_of(model", "next_token_loss(model"),
            "learning_rate is not used": ("lr=learning_rate", "lr=5e-3"),
        },
        trained,
        "With (steps, learning rate, whether another loss is given) = ({})",
    ),
    "05.8": Part(ILL, check=check_diagnosis),
    "05.9": Part(
        sample_probs,
        [(UP,), (UP, 0.5), (WIDE, 1.0, 2), (WIDE, 2.0, 3), (UP, 1.0, 1), (numbers(20), 0.7, 5)],
        {
            "these are scores: the softmax is missing": lambda scores, temperature=1.0, top_k=None: scores,
            "the temperature is not used": (" / temperature", ""),
            "you multiply by the temperature: divide, so that heat makes all more alike": (
                " / temperature", " * temperature"
            ),
            "the probabilities were divided, and no longer sum to 1: divide the scores": (
                "scores / temperature, dim=-1)", "scores, dim=-1) / temperature"
            ),
            "top_k is not used": ("top_k is not None", "False"),
            "what top_k leaves must sum to 1 again": (
                "scores = scores.masked_fill(scores < scores.topk(top_k).values[-1], float(\"-inf\"))",
                "return torch.softmax(scores / temperature, -1) * (scores >= scores.topk(top_k).values[-1])",
            ),
            "a score of 0 is no ban, since exp(0) is 1: set it to minus infinity": ('float("-inf")', "0.0"),
            "one token too many is kept": ("topk(top_k)", "topk(top_k + 1)"),
        },
        words="With (scores, temperature, top_k) = ({})",
    ),
    "05.10": Part(
        write,
        [([3], 1), ([3, 4], 2), ([1, 2, 3], 0)],
        {
            "it reads the last token alone: give the model all tokens so far": ("([tokens])", "([tokens[-1:]])"),
            "it reads the beginning again and again: give the model what was written, too": (
                "tokens = list(tokens)", "given, tokens = tokens, list(tokens)", "([tokens])", "([given])"
            ),
            "it looks at the first place's scores: what comes next stands in the last row, [0, -1]": (
                "[0, -1]", "[0, 0]"
            ),
            "one token is missing at the end": ("range(length)", "range(length - 1)"),
            "one token too many": ("range(length)", "range(length + 1)"),
            "the beginning is missing: return it together with what was written": (
                "tokens = list(tokens)", "begin, tokens = len(tokens), list(tokens)",
                "return tokens", "return tokens[begin:]",
            ),
        },
        written_on,
        "With a model that adds up all digits so far, and (tokens, length) = ({})",
    ),
    "05.11": Part(
        attend,
        [(SOME[:, :1],), (SOME[:, :2],), (numbers(2, 5, 8),)],
        {
            "each new token sees itself alone: join its key and value to those in the cache": (
                "if cache:", "if False:"
            ),
            "every token was turned as if it stood at place 0: its place is how many are in the cache": (
                'cache["key"].shape[2] if cache else 0', "0"
            ),
            "is_causal lets the one query see the first key alone: the future is not in the cache, so no mask": (
                "(query, key, value)", "(query, key, value, is_causal=True)"
            ),
        },
        attended,
        "With the tokens x = {}, one by one,",
    ),
    "05.12": Part(
        step,
        [(1, [7]), (1, [3, 1]), (2, [3, 1, 4, 1, 5])],
        {
            "attention reads x itself: give it block.attention_norm(x)": ("block.attention_norm(x)", "x"),
            "what attention found replaces x: add it": ("x = x + attend", "x = attend"),
            "the MLPs are missing": ("x = x + block.mlp(block.mlp_norm(x))", ""),
            "the last norm is missing": ("model.norm(x)", "x"),
            "only one block was used": ("zip(model.blocks, caches, strict=True)", "[(model.blocks[0], caches[0])]"),
        },
        stepped,
        "With (blocks, tokens) = ({})",
    ),
    "05.13": Part(learn_and_write, check=check_page, seconds=90),
    "05.a": Part(check=check_top_p),
    "05.b": Part(
        EncoderDecoder,
        [
            (1, torch.tensor([[7, 2]]), torch.tensor([[1]])),
            (2, torch.tensor([[3, 1, 4, 1, 5]]), torch.tensor([[2, 7, 1]])),
        ],
        {
            "the encoder's last norm is missing": ("encoded = self.encoder_norm(encoded)", ""),
            "what the decoder finds in the source replaces x: add it": ("x = x + look", "x = look"),
            "the decoder looks at the source after the MLP: it gathers first, then thinks": (
                "            x = x + look(norm(x), encoded)\n", "",
                "(block.mlp_norm(x))", "(block.mlp_norm(x))\n            x = x + look(norm(x), encoded)",
            ),
            "the MLPs of the decoder are missing": ("x = x + block.mlp(block.mlp_norm(x))", ""),
            "the cross-attention looks at the target: keys and values come from the source": (
                "norm(x), encoded", "norm(x), norm(x)"
            ),
        },
        scored,
        "With (blocks, source, target) = ({})",
    ),
    "05.c": Part(check=check_beam_search),
}  # fmt: skip
