"""Choosing the champion among the candidates that were compared."""

from dataclasses import dataclass

from churn_trainer.training.candidates import CANDIDATES, STACK
from churn_trainer.training.compare import Comparison

# The figure that models are chosen by: it penalises a wrong order as well as wrong probabilities, without a threshold.
FIGURE = "log_loss"


@dataclass(frozen=True, slots=True)
class Choice:
    """The champion's name, and the reason for choosing it as a sentence."""

    name: str
    reason: str


def choose(comparison: Comparison, rule: str) -> Choice:
    """The model with the least mean log loss (`rule` "best"), or the simplest one within one standard error of it.

    The error is that of the least loss itself, over customers (Breiman, Friedman, Olshen and Stone 1984,
    "Classification and Regression Trees", section 3.4.3). The error of the paired difference is several times smaller:
    with it, an opaque model would win by a margin that another draw of the folds would undo.
    """
    best = min(comparison.figures, key=lambda name: comparison.mean(name, FIGURE))
    least, error = comparison.mean(best, FIGURE), comparison.errors[best]
    if rule == "best":
        return Choice(best, f"{best} has the least mean log loss, {least:.4f}.")
    name = next(
        candidate.name
        for candidate in sorted((*CANDIDATES, STACK), key=lambda candidate: candidate.complexity)
        if comparison.mean(candidate.name, FIGURE) <= least + error
    )
    if name == best:
        words = f"and no simpler model is within one standard error ({error:.4f}) of it"
        return Choice(best, f"{best} has the least mean log loss, {least:.4f}, {words}.")
    loss = f"mean log loss, {comparison.mean(name, FIGURE):.4f},"
    words = f"is within one standard error ({error:.4f}) of the least, {least:.4f} of {best}"
    return Choice(name, f"{name} is the simplest model whose {loss} {words}.")


def why_not(comparison: Comparison, rule: str, champion: str, name: str) -> str:
    """Why a model other than the champion was not chosen, as a sentence."""
    loss, theirs = comparison.mean(name, FIGURE), comparison.mean(champion, FIGURE)
    best = min(comparison.figures, key=lambda one: comparison.mean(one, FIGURE))
    least, error = comparison.mean(best, FIGURE), comparison.errors[best]
    gap = f"{abs(loss - theirs):.4f} {'above' if loss > theirs else 'below'} that of {champion}"
    if rule == "best":
        return f"Its mean log loss, {loss:.4f}, is {gap}."
    if loss > least + error:
        further = f"more than one standard error ({error:.4f}) above the least, {least:.4f} of {best}"
        return f"Its mean log loss, {loss:.4f}, is {gap} and {further}."
    return f"Its mean log loss, {loss:.4f}, is {gap}; within one standard error ({error:.4f}) the simplest is chosen."
