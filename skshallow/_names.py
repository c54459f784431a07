"""Words of errors: what other packages call our parameters and their values, values shown short."""

import functools
import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

PARAMETERS = {  # ours: those of scikit-learn's MLP, skorch, Keras, LightGBM, XGBoost, R's nnet
    "hidden_units": "hidden_layer_sizes n_hidden n_units units size",
    "learning_rate": "learning_rate_init lr eta eta0",
    "max_iter": "max_epochs n_epochs num_epochs epochs maxit",
    "alpha": "weight_decay decay l2 reg_lambda regularization",
    "n_iter_no_change": "patience early_stopping_rounds early_stopping_round",
    "validation_fraction": "validation_split train_split",
    "n_networks": "n_estimators n_models repeats",
    "random_state": "seed random_seed",
    "dropout": "dropout_rate drop_rate",
    "init": "kernel_initializer weight_init initializer",
    "schedule": "lr_scheduler learning_rate_schedule",
    "class_weight": "class_weights",
    "solver": "optimizer",
    "loss": "objective",
    "scoring": "metric metrics eval_metric",
    "solver=skshallow.core.optimizers.Adam(...)": "beta_1 beta_2 epsilon",
    "solver=skshallow.core.optimizers.SGD(...)": "momentum nesterovs_momentum",
    "X_val with y_val, arguments of fit,": "eval_set eval_X validation_data",
    "y_val, an argument of fit,": "eval_y",
    "sample_weight, an argument of fit,": "sample_weights",
    "set_callbacks(...), a method of the estimator,": "callbacks",
}
VALUES = {  # the same of the values of our parameters
    "activation": {"sigmoid": "logistic", "identity": "linear", "silu": "swish"},
    "init": {
        "xavier": "glorot glorot_uniform glorot_normal",
        "he": "kaiming he_uniform he_normal",
    },
    "loss": {
        "squared_error": "mse rmse l2 squared_loss mean_squared_error",
        "absolute_error": "mae l1 mean_absolute_error",
        "quantile": "pinball pinball_loss",
    },
    "scoring": {
        "roc_auc": "auc",
        "accuracy": "acc",
        "r2": "r2_score",
        "neg_mean_squared_error": "mse neg_mse mean_squared_error",
        "neg_root_mean_squared_error": "rmse root_mean_squared_error",
        "neg_mean_absolute_error": "mae mean_absolute_error",
        "neg_log_loss": "log_loss logloss",
        "loss": "val_loss validation_loss",
    },
    "solver": {"lbfgs": "l-bfgs l-bfgs-b bfgs"},
}
OF_FIT = "X_val", "y_val", "sample_weight_val", "sample_weight"
LONGEST = 120  # characters of a value in an error
SCHEDULE_OF = {  # what the learning_rate of scikit-learn's MLP names
    "adaptive": "adaptive",
    "constant": "constant",
    "invscaling": "inverse_scaling",
}


def shown(value: Any) -> str:
    """The value as text, its middle left out if that is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


def remedy_for(name: str, value: Any, known: Iterable[str]) -> str | None:
    """What to give instead of a word that is not known, as far as that can be guessed."""
    if not isinstance(value, str):
        return None
    if name == "learning_rate" and value in SCHEDULE_OF:
        return f"set schedule={SCHEDULE_OF[value]!r}, and learning_rate to a number above 0"
    ours = _ours(VALUES.get(name, {}), value)
    if ours is not None:
        return f"it is called {ours!r} here"
    by_lower = {word.lower(): word for word in known if isinstance(word, str)}
    near = get_close_matches(value.lower(), by_lower)
    return _did_you_mean(repr(by_lower[word]) for word in near) if near else None


def _did_you_mean(words):
    return f"did you mean {' or '.join(words)}?"


def _ours(table, name):
    """Our name for that of another package, or None."""
    return next((ours for ours, theirs in table.items() if name.lower() in theirs.split()), None)


def explain_unknown(name: str, known: Iterable[str], of_constructor: Iterable[str] = ()) -> str:
    """An error's text for a parameter or an argument that does not exist.

    ``of_constructor`` are parameters that the constructor has, if this is about another method.
    """
    ours, known, of_constructor = _ours(PARAMETERS, name), list(known), list(of_constructor)
    if not of_constructor and name in OF_FIT:
        return f"{name!r} is an argument of fit"
    if name in of_constructor:
        return f"{name!r} is a parameter of the constructor"
    if ours in of_constructor:
        return f"{name!r} is called {ours} here, and is a parameter of the constructor"
    if ours in known or (ours is not None and not ours.isidentifier()):
        return f"{name!r} is called {ours} here"
    near = get_close_matches(name, known)
    return f"{shown(name)} is not known" + (f": {_did_you_mean(near)}" if near else "")


def with_known_names(function: Callable) -> Callable:
    """A function, or a constructor, that says of unknown keywords what they are called here."""
    known = [*inspect.signature(function).parameters][1:]

    @functools.wraps(function)
    def with_hints(self, *args, **kwargs):
        for name in kwargs:
            if name not in known:
                where, others = type(self).__name__, ()
                if function.__name__ != "__init__":
                    where += f".{function.__name__}"
                    others = self.get_params(deep=False)
                raise TypeError(f"{where}: {explain_unknown(name, known, others)}")
        return function(self, *args, **kwargs)

    return with_hints
