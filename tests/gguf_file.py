"""A GGUF of two megabytes that llama.cpp loads, and that says what it is told to.

Its one layer adds nothing; what follows a token is written in the output matrix, token by token.
So the answer is known whatever is asked, and everything else is llama.cpp's own: loading, the chat
template, the tokens, the end. Written by `gguf`, the library of llama.cpp's own converters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np

WIDTH = 320  # a dimension for each token, and some more to divide well
HEADS = 10
INNER = 32
SAYS = ("▁Tanguy", "▁led", "▁the", "▁works", ".")
THOUGHTS = ("<think>", "▁hm", "</think>")
_TURNS = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
"""
PLAIN = _TURNS + "{% endif %}"
# Cut down from what Qwen3's does: thoughts of earlier turns are left out, and whoever asks wants
# none now gets an empty one begun.
THINKING = """{% for m in messages %}{% if m.role == 'assistant' %}
{%- set content = m.content %}{% set thought = '' %}
{%- if m.reasoning_content is string %}{% set thought = m.reasoning_content %}
{%- elif '</think>' in content %}
{%- set thought = content.split('</think>')[0].split('<think>')[-1] %}
{%- set content = content.split('</think>')[-1] %}{% endif -%}
{{ '<|im_start|>assistant\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content }}
{{- '<|im_end|>' }}
{% else %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}
{%- endif %}{% endif %}"""


def write(
    path: Path, template: str = PLAIN, *, thinks: bool = False, shards: int = 1
) -> list[Path]:
    """Write the model; the files, in order.

    Args:
        path: of the file; those of several are called after it.
        template: the chat template that the file carries.
        thinks: whether it says its thoughts first, where the prompt ends as that of an answer.
        shards: into how many files it is cut.
    """
    kinds = {"<unk>": gguf.TokenType.UNKNOWN}
    kinds |= dict.fromkeys(("<s>", "</s>", "<|im_start|>", "<|im_end|>"), gguf.TokenType.CONTROL)
    kinds |= dict.fromkeys((THOUGHTS[0], THOUGHTS[2]), gguf.TokenType.USER_DEFINED)
    kinds |= dict.fromkeys((f"<0x{byte:02X}>" for byte in range(256)), gguf.TokenType.BYTE)
    kinds |= dict.fromkeys(("\n", "\n\n", "▁", *SAYS, THOUGHTS[1]), gguf.TokenType.NORMAL)
    words = list(kinds)
    tensors = _tensors(words, thinks=thinks)
    cut = -(-len(tensors) // shards) if shards > 1 else 0
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=cut)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(words)
    writer.add_token_scores([-float(place) for place in range(len(words))])
    writer.add_token_types(list(kinds.values()))
    writer.add_bos_token_id(words.index("<s>"))
    writer.add_eos_token_id(words.index("</s>"))
    writer.add_add_space_prefix(False)
    writer.add_chat_template(template)
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sorted(path.parent.glob(f"{path.stem}*.gguf"))


def _tensors(words: Sequence[str], *, thinks: bool) -> dict[str, np.ndarray]:
    square = np.zeros((WIDTH, WIDTH), np.float32)
    wide = np.zeros((INNER, WIDTH), np.float32)
    ones = np.ones(WIDTH, np.float32)
    own = np.eye(len(words), WIDTH, dtype=np.float32)
    follows = np.zeros_like(own)
    for before, after in _followed(thinks=thinks):
        follows[words.index(after), words.index(before)] = 1
    layer: dict[str, np.ndarray] = {f"attn_{part}": square for part in ("q", "k", "v", "output")}
    layer |= {"ffn_gate": wide, "ffn_up": wide, "ffn_down": wide.T.copy()}
    layer |= {"attn_norm": ones, "ffn_norm": ones}
    return {
        "token_embd.weight": own,
        **{f"blk.0.{name}.weight": values for name, values in layer.items()},
        "output_norm.weight": ones,
        "output.weight": follows,
    }


def _followed(*, thinks: bool) -> list[tuple[str, str]]:
    """Which token is followed by which; the prompt ends with a line's end, or with two."""
    thoughts = THOUGHTS if thinks else ()
    chain = ["\n", *thoughts, *SAYS, "</s>"]
    return [*pairwise(chain), ("\n\n", SAYS[0])]
