"""One Transformer for all modules: decoder-only, or with an encoder, and with a copy head."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from momem_lib.nn.attention import CAUSAL, KeyValueCache, causal_mask, rotation
from momem_lib.nn.blocks import Block, ModelConfig, NGramEmbedding
from momem_lib.nn.copying import CopyHead, GenerateHead, Mixture, match_lengths
from momem_lib.nn.fields import FactPointer, phase_after, record_mask, record_positions, visible
from momem_lib.nn.inputs import Inputs
from momem_lib.project import InputError


@dataclass
class State:
    """What generation remembers between two steps of a batch."""

    caches: list[KeyValueCache]  # self-attention of each decoder block
    key_mask: Tensor  # (B, K) which cached positions hold a token
    positions: Tensor  # (B,) position of the next token
    context: list[tuple[Tensor, Tensor]] | None = None  # keys and values of the encoded source, of each decoder block
    context_mask: Tensor | None = None  # (B, S)
    spans: Tensor | None = None  # (B, S) of a record that is read in two phases
    choice: Tensor | None = None  # (B, facts) log-probability of each fact of the record
    phases: Tensor | None = None  # (B, n) whether the label is written, after each token of the last step
    copy_states: Tensor | None = None  # (B, S, D) what the copy head can point at
    copy_keys: Tensor | None = None  # (B, S, D) the same as keys, computed once
    copy_tokens: Tensor | None = None  # (B, S)
    copy_mask: Tensor | None = None  # (B, S)
    copy_boundary: int = 0  # where the prompt begins in what the copy head can point at
    matches: Tensor | None = None  # (B, n, S) after each token of the last step

    def select(self, rows: Tensor) -> "State":
        """Keep only some rows of the batch, given by index, and return the state."""
        for cache in self.caches:
            cache.select(rows)
        if self.context is not None:
            self.context = [(key[rows], value[rows]) for key, value in self.context]
        for name, value in list(vars(self).items()):
            if isinstance(value, Tensor):
                setattr(self, name, value[rows])
        return self

    def keep(self, tokens: int, kept: Tensor) -> None:
        """Take back what the last step read in vain: of its tokens, each row keeps the first kept (B,), at least one.

        Keys that no row keeps leave the caches; those that only some rows keep are masked for the others.
        """
        most = int(kept.max())
        order = torch.arange(most, device=kept.device)
        for cache in self.caches:
            cache.length -= tokens - most
        self.key_mask = self.key_mask[:, : self.key_mask.shape[1] - (tokens - most)]
        self.key_mask[:, self.key_mask.shape[1] - most :] &= order < kept[:, None]
        self.positions = self.positions - (tokens - kept)
        last = torch.arange(len(kept), device=kept.device), kept - 1
        self.matches = None if self.matches is None else self.matches[last][:, None]
        self.phases = None if self.phases is None else self.phases[last][:, None]

    def context_seen(self) -> Tensor | None:
        """What of the source each token of the last step may look at: (B, 1, 1 or n, S); None where there is none."""
        if self.context_mask is None:
            return None
        if self.spans is None:
            return self.context_mask[:, None, None]
        return visible(self.spans, self.context_mask, self.phases)[:, None]


class Transformer(nn.Module):
    """Embedding, encoder blocks (or none), decoder blocks, head.

    The decoder reads a prompt and then a target. Nobody looks ahead in the target; the prompt, which is given whole, is
    read in both directions unless config.prompt_attention says causal (a prefix LM: Raffel et al. 2020, section 3.2.1).

    Example:
        >>> model = Transformer(ModelConfig(embedding_dim=16, num_heads=2, hidden_dim=32, num_decoder_blocks=1))
        >>> prompt, target = torch.tensor([list(b"Who is Jo?")]), torch.tensor([list(b"Jo")])
        >>> inputs = Inputs(target, target > 0, prompt, prompt > 0)
        >>> model(inputs).log_probs.shape  # (B, T, V)
        torch.Size([1, 2, 268])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width = config.embedding_dim
        self.embedding = nn.Embedding(config.vocab_size, width)
        self.ngrams = NGramEmbedding(config.ngram_rows, width, config.whole_words) if config.ngram_rows else None
        self.position = nn.Embedding(config.context_window, width) if config.positions == "learned" else None
        self.dropout = nn.Dropout(config.dropout)
        self.role = nn.Embedding(2, width) if config.source_reading == "fields" else None  # label or value
        self.encoder = nn.ModuleList(Block(config, cross=False) for _ in range(config.num_encoder_blocks))
        self.encoder_norm = nn.LayerNorm(width) if config.num_encoder_blocks else None
        cross = config.num_encoder_blocks > 0
        self.decoder = nn.ModuleList(Block(config, cross) for _ in range(config.num_decoder_blocks))
        self.decoder_norm = nn.LayerNorm(width)
        self.head = GenerateHead(self.embedding if config.tie_embeddings else None, width, config.vocab_size)
        self.copy = None
        if config.copy_from != "none":
            self.copy = CopyHead(width, config.vocab_size, config.longest_match, config.copied_context, config.points)
        self.pointer = FactPointer(config) if config.points else None
        self.initialise()

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self.embedding.weight.device

    def initialise(self) -> None:
        """Weights that keep the size of what flows through, and small ones for tokens: the first loss is about ln V.

        A matrix gets the standard deviation 0.6 / sqrt(its inputs); what is added to the residual stream starts smaller
        the more layers add to it (Radford et al. 2019, GPT-2, section 2.3). The table of n-grams starts as small as the
        tokens: a row is changed by about the learning rate when it is met, and must matter soon.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.6 / math.sqrt(module.in_features))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        tables = [module for module in self.modules() if isinstance(module, nn.Embedding)]
        for table in tables if self.config.tie_embeddings else [*tables, self.head.scores]:
            nn.init.normal_(table.weight, std=0.02)  # after the matrices: a tied head's matrix is one of these
        for blocks in (self.encoder, self.decoder, self.pointer.blocks if self.pointer is not None else ()):
            for block in blocks:
                cross = [block.cross_attention.out] if block.cross_attention is not None else []
                for layer in (block.attention.out, block.mlp[2], *cross):
                    layer.weight.data /= math.sqrt(2 * len(blocks))

    def num_parameters(self) -> int:
        """How many numbers training can change (tied ones counted once)."""
        return sum(parameter.numel() for parameter in self.parameters())

    def embed(
        self, tokens: Tensor, positions: Tensor, given: Tensor | None = None, spans: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """Tokens (B, T) at positions (B, T) or (1, T) -> vectors (B, T, D), and rotary angles where they are used.

        given: the first tokens once more (B, P), as far as they were given whole and are read by n-grams too.
        spans: (B, T) of a record.
        """
        x = self.embedding(tokens)
        if self.ngrams is not None and given is not None and given.shape[1]:
            x = torch.cat([x[:, : given.shape[1]] + self.ngrams(given, spans), x[:, given.shape[1] :]], dim=1)
        if spans is not None:
            x = x + self.role(spans % 2)
        if self.position is not None:
            return self.dropout(x + self.position(positions)), None
        return self.dropout(x), rotation(positions, self.config.embedding_dim // self.config.num_heads)

    def encode(self, source: Tensor, source_mask: Tensor, spans: Tensor | None = None) -> Tensor:
        """Read the source in both directions, or a record as its spans allow: (B, S) -> (B, S, D)."""
        if spans is None:
            positions, mask = torch.arange(source.shape[1], device=source.device)[None], source_mask[:, None, None, :]
        else:
            positions, mask = record_positions(spans), record_mask(spans, source_mask)  # (B, S), (B, 1, S, S)
        x, angles = self.embed(source, positions, source, spans)
        for block in self.encoder:
            x = block(x, mask, angles)
        return self.encoder_norm(x)

    def decoder_mask(self, inputs: Inputs) -> Tensor | str:
        """Who may look at whom in prompt plus target: (B, 1, P+T, P+T), True where allowed."""
        prompt_length, target_length = inputs.prompt.shape[1], inputs.target.shape[1]
        if not prompt_length:
            return CAUSAL  # padding stands on the right, where nobody looks
        keys = torch.cat([inputs.prompt_mask, inputs.target_mask], dim=1)[:, None, None, :]  # (B, 1, 1, P+T)
        order = causal_mask(prompt_length + target_length).to(keys.device)
        if self.config.prompt_attention == "both":
            order[:prompt_length, :prompt_length] = True
        return keys & order

    def decode(self, inputs: Inputs, state: State) -> Tensor:
        """Read prompt and target: -> states (B, P+T, D)."""
        tokens = torch.cat([inputs.prompt, inputs.target], dim=1)
        # Each row's target follows its own prompt: padding between them takes no position.
        ahead = torch.arange(inputs.target.shape[1], device=tokens.device)[None] + inputs.prompt_mask.sum(1)[:, None]
        prompt_positions = torch.arange(inputs.prompt.shape[1], device=tokens.device).expand(tokens.shape[0], -1)
        x, angles = self.embed(tokens, torch.cat([prompt_positions, ahead], dim=1), inputs.prompt)
        return self.through_blocks(x, self.decoder_mask(inputs), angles, state)

    def through_blocks(self, x: Tensor, mask: Tensor | str | None, angles, state: State) -> Tensor:
        """The decoder's blocks and the norm after them: (B, T, D) -> (B, T, D); their caches are added to."""
        seen = state.context_seen()
        for index, block in enumerate(self.decoder):
            context = state.context[index] if state.context else None
            cache = state.caches[index] if state.caches else None
            x = block(x, mask, angles, context, seen, cache)
        return self.decoder_norm(x)

    def forward(self, inputs: Inputs) -> Mixture:
        """Predict, for each target token of a batch, the one after it.

        Returns:
            A Mixture for the T target positions; without a copy head, its gate is 0 and its weights are empty.
        """
        state, states = self.read(inputs)
        return self.predict(state, states[:, inputs.prompt.shape[1] :])

    def choose(self, inputs: Inputs) -> Tensor:
        """The log-probability of each fact of a record, and of none in the place of the name: (B, facts)."""
        question, asked, _ = self.ngrams.words(inputs.prompt, inputs.prompt_mask)
        return self.pointer(question, asked, *self.ngrams.words(inputs.source, inputs.source_mask, inputs.spans))

    def read(self, inputs: Inputs, caches: Sequence[KeyValueCache] = ()) -> tuple[State, Tensor]:
        """Read source, prompt and target: the State after them, its matches (B, T, S), and states (B, P+T, D)."""
        self.check_lengths(inputs)
        seen = torch.cat([inputs.prompt_mask, inputs.target_mask], dim=1)  # (B, P+T)
        state, encoded = State(list(caches), seen, seen.sum(1)), None
        if self.encoder_norm is not None:
            state.spans = inputs.spans if self.role is not None else None
            encoded = self.encode(inputs.source, inputs.source_mask, state.spans)
            state.context = [block.cross_attention.keys_values(encoded) for block in self.decoder]
            state.context_mask = inputs.source_mask
            if state.spans is not None:
                phase = phase_after(inputs.target)
                state.phases = torch.cat([phase.new_zeros(inputs.prompt.shape), phase], dim=1)  # (B, P+T)
        states = self.decode(inputs, state)
        if state.phases is not None:
            state.phases = state.phases[:, inputs.prompt.shape[1] :]
        if self.copy is not None:
            prompt = (states[:, : inputs.prompt.shape[1]], inputs.prompt, inputs.prompt_mask)
            parts = self.config.copied((encoded, inputs.source, inputs.source_mask), prompt)
            copied, state.copy_tokens, mask = (torch.cat(pieces, dim=1) for pieces in zip(*parts, strict=True))
            state.copy_states, state.copy_keys = copied, self.copy.key(copied)
            state.copy_mask = mask
            if self.pointer is not None:
                state.choice = self.choose(inputs)
            state.copy_boundary = inputs.source.shape[1] if len(parts) == 2 else 0
            state.matches = match_lengths(inputs.target, state.copy_tokens, state.copy_boundary)
        return state, states

    def plain(self, states: Tensor) -> Mixture:
        """The head's output when nothing can be copied."""
        log_probs = torch.log_softmax(self.head(states).float(), dim=-1)
        nothing = log_probs.new_zeros(*states.shape[:2], 0)
        return Mixture(log_probs, log_probs.new_zeros(states.shape[:2]), nothing, log_probs, nothing[:, 0].long())

    def check_lengths(self, inputs: Inputs) -> None:
        """Raise an InputError when a source, or prompt plus target, is longer than the context window."""
        longest = inputs.prompt.shape[1] + inputs.target.shape[1]
        if longest > self.config.context_window:  # perhaps only because one row's prompt and another's target are long
            longest = int((inputs.prompt_mask.sum(1) + inputs.target_mask.sum(1)).max())
        if inputs.source is not None:
            longest = max(longest, inputs.source.shape[1])
        if longest > self.config.context_window:
            raise InputError(
                f"the text has {longest} tokens (about one per letter), but this model reads at most "
                f"{self.config.context_window}: shorten it"
            )

    def start(self, inputs: Inputs) -> tuple[State, Mixture]:
        """Read source, prompt and the first target tokens, and predict the next one.

        Returns:
            The state for step(), and the Mixture of the last position (T = 1).
        """
        state, states = self.read(inputs, caches=[KeyValueCache() for _ in self.decoder])
        state.matches = None if state.matches is None else state.matches[:, -1:]
        state.phases = None if state.phases is None else state.phases[:, -1:]
        return state, self.predict(state, states[:, -1:])

    def step(self, state: State, tokens: Tensor) -> Mixture:
        """Read one more token per row (B,), or several (B, n), and predict what follows each; state is changed."""
        tokens = tokens[:, None] if tokens.dim() == 1 else tokens
        count = tokens.shape[1]
        positions = state.positions[:, None] + torch.arange(count, device=tokens.device)
        if self.position is not None:  # a row that has ended may run past the table while others go on
            positions = positions.clamp(max=self.config.context_window - 1)
        x, angles = self.embed(tokens, positions)
        state.key_mask = torch.cat([state.key_mask, state.key_mask.new_ones(tokens.shape)], dim=1)
        if state.phases is not None:
            state.phases = phase_after(tokens, state.phases[:, -1])
        x = self.through_blocks(x, self.step_mask(state.key_mask, count), angles, state)
        state.positions = state.positions + count
        if self.copy is not None:
            before = state.matches[:, -1]
            state.matches = match_lengths(tokens, state.copy_tokens, state.copy_boundary, before)
        return self.predict(state, x)

    @staticmethod
    def step_mask(key_mask: Tensor, count: int) -> Tensor | None:
        """Who may look at whom when the last `count` of the keys (B, K) are new: (B, 1, count, K), None for all at all.

        Example:
            >>> Transformer.step_mask(torch.tensor([[True, False, True, True]]), 2).int().tolist()
            [[[[1, 0, 1, 0], [1, 0, 1, 1]]]]
        """
        if count == 1 and bool(key_mask.all()):
            return None
        order = key_mask.new_ones(count, key_mask.shape[1]).tril(key_mask.shape[1] - count)
        return key_mask[:, None, None, :] & order

    def predict(self, state: State, states: Tensor) -> Mixture:
        """The head on the last n positions: states (B, n, D) -> Mixture with T = n."""
        if self.copy is None:
            return self.plain(states)
        logits, mask, pointed = self.head(states), state.copy_mask, None
        if state.phases is not None:
            mask = visible(state.spans, mask, state.phases)
        if state.choice is not None:  # it helps to choose a label, and then no more
            choosing, none = ~state.phases, state.choice[:, 0]  # (B, n), (B,)
            any_fact = torch.log1p(-none.exp().clamp(max=1 - 1e-6)) - none
            fact = state.choice.gather(1, (state.spans // 2).clamp(max=state.choice.shape[1] - 1))  # (B, S)
            pointed = fact[:, None] * choosing[..., None], any_fact[:, None] * choosing
        read = state.copy_states, state.copy_tokens, mask, state.matches, state.copy_keys
        return replace(self.copy(states, logits, *read, pointed), choice=state.choice)
