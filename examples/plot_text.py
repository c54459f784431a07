"""
Text: thousands of columns, nearly all zero
===========================================

The network takes the sparse matrices that words become as they are: training and prediction never
make them dense. The corpus is scikit-learn's own
documentation; the question, which module a paragraph comes from.
"""

from importlib import import_module
from inspect import getdoc

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from skshallow import ShallowNNClassifier
from skshallow.inspection import connection_weight_importance

# %%
# Every paragraph of at least 15 words from the docstrings of six modules, code left out. A
# paragraph that stands in several docstrings counts once, and all paragraphs of a docstring go to
# the same side of the split: the test asks about classes and functions not yet seen.

modules = ["cluster", "decomposition", "ensemble", "linear_model", "metrics", "preprocessing"]
texts, labels, owners = [], [], []
for module in modules:
    public = import_module(f"sklearn.{module}")
    for name in public.__all__:
        for paragraph in getdoc(getattr(public, name)).split("\n\n"):
            if len(paragraph.split()) >= 15 and ">>>" not in paragraph and paragraph not in texts:
                texts.append(paragraph)
                labels.append(module)
                owners.append(f"{module}.{name}")
texts, labels = np.array(texts), np.array(labels)
train, test = next(GroupShuffleSplit(random_state=0).split(texts, labels, owners))
print(f"{len(train)} paragraphs to learn from, {len(test)} to be told apart")

# %%
# A pipeline from words to modules. Logistic regression, with a penalty that suits it here, goes
# beside it, because on words a linear model is hard to beat: it is even a little ahead.

words = TfidfVectorizer(
    stop_words="english", min_df=2, sublinear_tf=True, token_pattern="[A-Za-z]{3,}"
)
network = ShallowNNClassifier(64, max_iter=20, random_state=0)
for model in (network, LogisticRegression(C=10, solver="saga", random_state=0)):
    pipeline = make_pipeline(words, model).fit(texts[train], labels[train])
    accuracy = pipeline.score(texts[test], labels[test])
    loss = log_loss(labels[test], pipeline.predict_proba(texts[test]))
    print(f"{type(model).__name__}: accuracy {accuracy:.3f}, log loss {loss:.3f}")

X = words.transform(texts)
print(f"{X.shape[1]} columns, {X.nnz / np.prod(X.shape):.1%} of the entries are not zero")

# %%
# What has it learned? The connection weights say which words raise the score of a module, and by
# how much; the deviation of a word's column counts rare words less. Only differences between the
# modules have a meaning, so the mean over them is taken off.

importance = connection_weight_importance(network, X[train])
effects = importance.importances - importance.importances.mean(axis=1, keepdims=True)
vocabulary = words.get_feature_names_out()

plt.style.use("tableau-colorblind10")
figure, panels = plt.subplots(2, 3, figsize=(8, 5.2), sharex=True, layout="constrained")
for axes, module, effect in zip(panels.flat, importance.output_names, effects.T, strict=True):
    top = np.argsort(-effect)[:6]
    axes.barh(vocabulary[top], effect[top], color="C0")
    axes.invert_yaxis()
    axes.set_title(module)
    axes.spines[["top", "right"]].set_visible(False)
figure.suptitle("Words that speak for a module")
figure.supxlabel("importance by connection weights", fontsize=10)

plt.show()
