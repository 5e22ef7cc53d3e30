"""What a step gives the losses, to named scalars; one file per term."""

from radz.losses._inputs import LossInputs

__all__ = ["LossInputs"]
