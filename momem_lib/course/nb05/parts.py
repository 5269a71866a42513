"""What the reader of notebook 05 writes: the library's versions, small inputs, and typical mistakes."""

import math
from collections.abc import Callable, Sequence

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
from momem_lib.course.shared.toy import plain_loop

# The library's versions, where they are not the model's


def count(vocabulary: int, width: int, blocks: int) -> int:
    """The parameters of a DecoderOnly."""
    return counted()(vocabulary, width, blocks)


def counted(
    head: int = 1, bias: int = 1, norms: int = 4, last: int = 2, biases: int = 9, matrices: int = 4
) -> Callable:
    """count, or count with a part of the model forgotten."""

    def count(vocabulary: int, width: int, blocks: int) -> int:
        in_block = (matrices + 8) * width * width + (biases + norms) * width
        return head * vocabulary * width + blocks * in_block + last * width + bias * vocabulary

    return count


# Typical mistakes


def norm_like(
    centre: Callable[[Tensor], Tensor] = lambda x: x - x.mean(-1, keepdim=True),
    size: Callable[[Tensor], Tensor] = lambda x: (x.var(-1, keepdim=True, correction=0) + 1e-5).sqrt(),
    gain: bool = True,
    bias: bool = True,
) -> type:
    """LayerNorm with one of its steps done in another way."""

    class Norm(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            x = centre(x) / size(x)
            return x * (self.gain if gain else 1) + (self.bias if bias else 0)

    return Norm


def mlp_like(forward: Callable[[nn.Module, Tensor], Tensor]) -> type:
    """MLP with another forward."""
    return type("Mlp", (MLP,), {"forward": forward})


def block_like(forward: Callable[[nn.Module, Tensor], Tensor]) -> type:
    """Block with another forward."""
    return type("Other", (Block,), {"forward": forward})


def on_the_copy(self: Block, x: Tensor) -> Tensor:
    """What a layer found is added to the normalised copy."""
    x = self.attention_norm(x)
    x = self.mlp_norm(x + self.attention(x))
    return x + self.mlp(x)


def after_each(self: Block, x: Tensor) -> Tensor:
    """Post-norm."""
    x = self.attention_norm(x + self.attention(x))
    return self.mlp_norm(x + self.mlp(x))


def side_by_side(self: Block, x: Tensor) -> Tensor:
    """Both read the same."""
    return x + self.attention(self.attention_norm(x)) + self.mlp(self.mlp_norm(x))


def model_like(last: bool = True, bias: bool = True, every: bool = True, share: bool = False) -> type:
    """DecoderOnly with a step left out."""

    class Model(DecoderOnly):
        def forward(self, tokens: Tensor) -> Tensor:
            x = self.embedding(tokens)
            for block in list(self.blocks)[: None if every else 1]:
                x = block(x)
            scores = (self.norm(x) if last else x) @ self.embedding.weight.T + (self.bias if bias else 0)
            return torch.softmax(scores, -1) if share else scores

    return Model


def loss_like(
    labels: Callable[[Tensor], Tensor] = lambda window: window[:, 1:],
    real: Callable[[Tensor], Tensor] = lambda window: window[:, 1:] != PAD,
    mean: Callable[[Tensor, Tensor], Tensor] = lambda losses, real: (losses * real).sum() / real.sum(),
    scores: Callable[[Tensor], Tensor] = lambda scores: scores,
) -> Callable:
    """next_token_loss with one of its steps done in another way."""

    def next_token_loss(model: nn.Module, window: Tensor) -> Tensor:
        said = scores(model(window[:, :-1])).transpose(1, 2)  # (B, V, T)
        return mean(F.cross_entropy(said, labels(window), reduction="none"), real(window))

    return next_token_loss


def train_like(given: bool = True, rate: bool = True, **wrong: bool) -> Callable:
    """train with an argument not used, or with a line left out, see plain_loop."""

    def train(model: nn.Module, batches: Sequence, learning_rate: float = 5e-3, loss_of=next_token_loss) -> list:
        optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate if rate else 5e-3)
        used = loss_of if given else next_token_loss
        return plain_loop([optimizer], batches, lambda batch: used(model, batch), **wrong)

    return train


def kept(scores: Tensor, top_k: int | None, most: int = 0) -> Tensor:
    """Whether a score is among the top_k."""
    return scores >= scores.topk(min(len(scores), (top_k or len(scores)) + most)).values[-1]


def heated(scores: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """Multiplied, not divided."""
    return sample_probs(scores, 1 / temperature, top_k)


def cut_to_zero(scores: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """A score of 0 in place of none."""
    return torch.softmax(scores.masked_fill(~kept(scores, top_k), 0.0) / temperature, -1)


def not_renormed(scores: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """What is left sums to less than 1."""
    return torch.softmax(scores / temperature, -1) * kept(scores, top_k)


def writing(
    read: Callable[[list[int]], list[int]] = lambda tokens: tokens,
    place: int = -1,
    more: int = 0,
    grow: bool = True,
    whole: bool = True,
) -> Callable:
    """write with one of its steps done in another way."""

    def write(model: Callable, tokens: Sequence[int], length: int, choose: Callable) -> list[int]:
        given, made = list(tokens), []
        for _ in range(length + more):
            made.append(choose(model(torch.tensor([read(given + made if grow else given)]))[0, place]))
        return given + made if whole else made

    return write


def attend_like(turned: bool = True, keep: bool = True, causal: bool = False) -> Callable:
    """attend with a step left out."""

    def attend(layer: SelfAttention, new: Tensor, cache: dict) -> Tensor:
        start = cache["key"].shape[2] if cache and turned else 0
        query, key, value = layer.parts(new, start)
        if cache and keep:
            key, value = torch.cat([cache["key"], key], 2), torch.cat([cache["value"], value], 2)
        cache["key"], cache["value"] = key, value
        return layer.join(F.scaled_dot_product_attention(query, key, value, is_causal=causal))

    return attend


def step_like(
    normed: bool = True, added: bool = True, mlp: bool = True, last: bool = True, every: bool = True
) -> Callable:
    """step with a step left out."""

    def step(model: DecoderOnly, token: int, caches: Sequence[dict]) -> Tensor:
        x = model.embedding(torch.tensor([[token]]))
        for block, cache in list(zip(model.blocks, caches, strict=True))[: None if every else 1]:
            found = attend(block.attention, block.attention_norm(x) if normed else x, cache)
            x = x + found if added else found
            if mlp:
                x = x + block.mlp(block.mlp_norm(x))
        return ((model.norm(x) if last else x) @ model.embedding.weight.T + model.bias)[0, 0]

    return step


def encoder_decoder_like(
    ahead: bool = True, normed: bool = True, added: bool = True, order: str = "look think", source: bool = True
) -> type:
    """EncoderDecoder with a step left out."""

    class Model(EncoderDecoder):
        def forward(self, source_tokens: Tensor, target: Tensor) -> Tensor:
            for block in self.encoder:
                block.attention.causal = not ahead
            encoded = self.embedding(source_tokens)
            for block in self.encoder:
                encoded = block(encoded)
            encoded = self.encoder_norm(encoded) if normed else encoded
            x = self.embedding(target)
            for block, norm, look in zip(self.decoder, self.look_norms, self.looks, strict=True):
                x = x + block.attention(block.attention_norm(x))
                if order == "think look":
                    x = x + block.mlp(block.mlp_norm(x))
                found = look(norm(x), encoded if source else norm(x))
                x = x + found if added else found
                if order == "look think":
                    x = x + block.mlp(block.mlp_norm(x))
            return self.norm(x) @ self.embedding.weight.T + self.bias

    return Model


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
            "the mean was not taken off": norm_like(lambda x: x),
            "the sizes were not brought to 1: divide by the standard deviation": norm_like(size=lambda x: 1),
            "it divides by the variance: take its square root": norm_like(
                size=lambda x: x.var(-1, keepdim=True, correction=0) + 1e-5
            ),
            "a position whose numbers are all alike becomes 0 / 0: add 1e-5 before the root": norm_like(
                size=lambda x: x.std(-1, keepdim=True, correction=0)
            ),
            "std divides by D - 1: take the mean of the squares, or correction=0": norm_like(
                size=lambda x: (x.var(-1, keepdim=True) + 1e-5).sqrt()
            ),
            "mean and size are those of the whole table: each position has its own, along dim=-1": norm_like(
                lambda x: x - x.mean(), lambda x: (x.var(correction=0) + 1e-5).sqrt()
            ),
            "mean and size are those of the columns: each position has its own, along dim=-1": norm_like(
                lambda x: x - x.mean(-2, keepdim=True), lambda x: (x.var(-2, keepdim=True, correction=0) + 1e-5).sqrt()
            ),
            "gain and bias are not used": norm_like(gain=False, bias=False),
            "the gain is not used": norm_like(gain=False),
            "the bias is not used": norm_like(bias=False),
        },
        normed,
        "With (x, gain, bias) = ({})",
    ),
    "05.2": Part(
        MLP,
        [(torch.ones(1, 1, 2),), (SOME,)],
        {
            "the bend is missing: two matrices in a row are one matrix": mlp_like(
                lambda self, x: self.down(self.up(x))
            ),
            "GELU comes too late: it stands between the two matrices": mlp_like(
                lambda self, x: F.gelu(self.down(self.up(x)))
            ),
            "GELU comes too early: it stands between the two matrices": mlp_like(
                lambda self, x: self.down(self.up(F.gelu(x)))
            ),
            "the bend is ReLU: here it is F.gelu": mlp_like(lambda self, x: self.down(F.relu(self.up(x)))),
            "x is added here already: that is the block's work": mlp_like(
                lambda self, x: x + self.down(F.gelu(self.up(x)))
            ),
            "it is still 4 D wide: self.down is missing": mlp_like(lambda self, x: F.gelu(self.up(x))),
        },
        built,
        "With x = {}",
    ),
    "05.3": Part(
        Block,
        [(torch.tensor([[[1.0, 0.0, 2.0, 0.0]]]), 2), (SOME, 2)],
        {
            "nothing is added to the stream: x = x + what a layer found": block_like(
                lambda self, x: self.mlp(self.mlp_norm(self.attention(self.attention_norm(x))))
            ),
            "what attention found replaces x: add it": block_like(
                lambda self, x: (y := self.attention(self.attention_norm(x))) + self.mlp(self.mlp_norm(y))
            ),
            "what the MLP found replaces x: add it": block_like(
                lambda self, x: self.mlp(self.mlp_norm(x + self.attention(self.attention_norm(x))))
            ),
            "the layers read the stream itself: give them a normalised copy": block_like(
                lambda self, x: (y := x + self.attention(x)) + self.mlp(y)
            ),
            "the MLP reads what stood there before attention: let it read the new x": block_like(side_by_side),
            "the normalised copy became the stream: norm only what a layer reads": block_like(on_the_copy),
            "that is post-norm: the norm belongs in front of each layer, on what it reads": block_like(after_each),
            "the MLP is missing": block_like(lambda self, x: x + self.attention(self.attention_norm(x))),
            "attention is missing": block_like(lambda self, x: x + self.mlp(self.mlp_norm(x))),
            "both layers read through attention_norm: the MLP has a norm of its own": block_like(
                lambda self, x: (y := x + self.attention(self.attention_norm(x))) + self.mlp(self.attention_norm(y))
            ),
        },
        built,
        "With (x, heads) = ({})",
    ),
    "05.4": Part(
        DecoderOnly,
        [(1, torch.tensor([[7]])), (2, torch.tensor([[3, 1, 4, 1, 5]]))],
        {
            "the last norm is missing": model_like(last=False),
            "the bias is missing: one number for each token is added to the scores": model_like(bias=False),
            "only one block was used": model_like(every=False),
            "these are probabilities: scores are wanted, the loss does the softmax": model_like(share=True),
        },
        scored,
        "With (blocks, tokens) = ({})",
    ),
    "05.5": Part(
        count,
        [(1, 1, 0), (1, 1, 1), (257, 8, 1), (257, 48, 2), (50, 24, 3)],
        {
            "the head shares its matrix with the token vectors: count it once": counted(head=2),
            "the head has a bias of its own: one number for each token": counted(bias=0),
            "one more layer norm stands behind the last block": counted(last=0),
            "the layer norms of the blocks are missing: two in each, with a gain and a bias": counted(norms=0),
            "there are two layer norms in each block": counted(norms=2),
            "a layer norm has a gain and a bias: 2 D numbers": counted(norms=2, last=1),
            "each matrix comes with a bias: four in attention, two in the MLP": counted(biases=0),
            "attention has four matrices: query, key, value and out": counted(matrices=3),
            "you counted one block only": lambda vocabulary, width, blocks: count(vocabulary, width, min(blocks, 1)),
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
            "each token is its own label: the labels are window[:, 1:]": loss_like(lambda window: window[:, :-1]),
            "each token is its own label, though padding is left out: the labels are window[:, 1:]": loss_like(
                lambda window: window[:, :-1], lambda window: window[:, :-1] != PAD
            ),
            "padding counts: leave out the places whose label is PAD": loss_like(
                mean=lambda losses, real: losses.mean()
            ),
            "padding adds nothing, but you divide by all places: divide by the real ones": loss_like(
                mean=lambda losses, real: (losses * real).mean()
            ),
            "what is left out are places where PAD is read: it must be those where PAD is the label": loss_like(
                real=lambda window: window[:, :-1] != PAD
            ),
            "that is the sum: take the mean": loss_like(mean=lambda losses, real: (losses * real).sum()),
            "the mean of each row was taken first: every real token should count alike": loss_like(
                mean=lambda losses, real: ((losses * real).sum(1) / real.sum(1)).mean()
            ),
            "cross_entropy does the softmax itself: give it the scores": loss_like(
                scores=lambda scores: torch.softmax(scores, -1)
            ),
            "the sign is turned round: a surprise is never below 0": loss_like(
                mean=lambda losses, real: -(losses * real).sum() / real.sum()
            ),
        },
        lambda version, window: version(pointwise, window),
        "With a model that looks at one token alone, and window = {},",
    ),
    "05.7": Part(
        train,
        [(1, 0.1, False), (3, 0.1, False), (2, 0.01, True)],
        {
            "gradients pile up from step to step: optimizer.zero_grad() before backward": train_like(clear=False),
            "nothing is learned: optimizer.step() is missing": train_like(step=False),
            "it ends after one batch: return comes after the loop": train_like(once=True),
            "the losses are tensors, which keep all that made them in memory: loss.item()": train_like(number=False),
            "loss_of is not used: next_token_loss is only where it begins": train_like(given=False),
            "learning_rate is not used": train_like(rate=False),
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
            "the temperature is not used": lambda scores, temperature=1.0, top_k=None: sample_probs(scores, 1.0, top_k),
            "you multiply by the temperature: divide, so that heat makes all more alike": heated,
            "the probabilities were divided, and no longer sum to 1: divide the scores": (
                lambda scores, temperature=1.0, top_k=None: sample_probs(scores, 1.0, top_k) / temperature
            ),
            "top_k is not used": lambda scores, temperature=1.0, top_k=None: sample_probs(scores, temperature),
            "what top_k leaves must sum to 1 again": not_renormed,
            "a score of 0 is no ban, since exp(0) is 1: set it to minus infinity": cut_to_zero,
            "one token too many is kept": lambda scores, temperature=1.0, top_k=None: torch.softmax(
                scores.masked_fill(~kept(scores, top_k, 1), -math.inf) / temperature, -1
            ),
        },
        words="With (scores, temperature, top_k) = ({})",
    ),
    "05.10": Part(
        write,
        [([3], 1), ([3, 4], 2), ([1, 2, 3], 0)],
        {
            "it reads the last token alone: give the model all tokens so far": writing(lambda tokens: tokens[-1:]),
            "it reads the beginning again and again: give the model what was written, too": writing(grow=False),
            "it looks at the first place's scores: what comes next stands in the last row, [0, -1]": writing(place=0),
            "one token is missing at the end": writing(more=-1),
            "one token too many": writing(more=1),
            "the beginning is missing: return it together with what was written": writing(whole=False),
        },
        written_on,
        "With a model that adds up all digits so far, and (tokens, length) = ({})",
    ),
    "05.11": Part(
        attend,
        [(SOME[:, :1],), (SOME[:, :2],), (numbers(2, 5, 8),)],
        {
            "each new token sees itself alone: join its key and value to those in the cache": attend_like(keep=False),
            "every token was turned as if it stood at place 0: its place is how many are in the cache": attend_like(
                turned=False
            ),
            "is_causal lets the one query see the first key alone: the future is not in the cache, so no mask": (
                attend_like(causal=True)
            ),
        },
        attended,
        "With the tokens x = {}, one by one,",
    ),
    "05.12": Part(
        step,
        [(1, [7]), (1, [3, 1]), (2, [3, 1, 4, 1, 5])],
        {
            "attention reads x itself: give it block.attention_norm(x)": step_like(normed=False),
            "what attention found replaces x: add it": step_like(added=False),
            "the MLPs are missing": step_like(mlp=False),
            "the last norm is missing": step_like(last=False),
            "only one block was used": step_like(every=False),
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
            "the encoder's last norm is missing": encoder_decoder_like(normed=False),
            "what the decoder finds in the source replaces x: add it": encoder_decoder_like(added=False),
            "the decoder looks at the source after the MLP: it gathers first, then thinks": encoder_decoder_like(
                order="think look"
            ),
            "the MLPs of the decoder are missing": encoder_decoder_like(order="look"),
            "the cross-attention looks at the target: keys and values come from the source": encoder_decoder_like(
                source=False
            ),
        },
        scored,
        "With (blocks, source, target) = ({})",
    ),
    "05.c": Part(check=check_beam_search),
}
