"""A result that is left for the client to carry out."""

from isaacd.plans.handover import Handover

__all__ = ["Handover"]
