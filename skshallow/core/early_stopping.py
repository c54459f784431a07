"""When a validation score no longer rises, and whether it is noisy."""

from dataclasses import dataclass
from math import inf


@dataclass
class EarlyStopping:
    """Counts epochs since a score last rose by more than tol above the best before it.

    ``is_noisy`` tells whether it has fallen and risen by more than tol from one epoch to the next.
    """

    n_iter_no_change: int
    tol: float
    best_score: float = -inf
    epochs_without_improvement: int = 0
    last_score: float = -inf
    has_fallen: bool = False
    is_noisy: bool = False

    def should_stop(self, score):
        """Whether this is the n_iter_no_change-th epoch in a row without a rise."""
        improved = score > self.best_score + self.tol
        self.is_noisy |= self.has_fallen and score > self.last_score + self.tol
        self.has_fallen |= score < self.last_score - self.tol
        self.last_score = score
        self.epochs_without_improvement = 0 if improved else self.epochs_without_improvement + 1
        self.best_score = max(self.best_score, score)
        return self.epochs_without_improvement >= self.n_iter_no_change

    def end(self):
        """What comes next is judged by its own noise."""
        self.last_score, self.has_fallen, self.is_noisy = -inf, False, False
