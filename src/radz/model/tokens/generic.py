"""``generic``: the same K tokens end both sequences; random start. The control of the token ablation."""

from __future__ import annotations

from radz.model.token_design import TokenDesign


def generic(count: int) -> TokenDesign:
    """K = ``count`` shared tokens."""
    tokens = tuple(f"<Cls_{k}>" for k in range(1, count + 1))
    return TokenDesign(tokens, tokens, {})


plugin = generic
