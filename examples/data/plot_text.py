"""
Text classification with sparse input
=====================================

Thousands of features, nearly all zero: the network takes sparse matrices as they are, and neither
training nor prediction makes them dense. The corpus is scikit-learn's own documentation; the task
is to predict the module that a paragraph comes from.
"""

# sphinx_gallery_tags = ["text", "sparse input"]

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
# the same side of the split: the test set holds classes and functions that are not in the training
# set.

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
print(f"{len(train)} paragraphs in the training set, {len(test)} in the test set")

# %%
# A pipeline from words to modules. Logistic regression, with a regularization strength that suits
# it here, is the baseline, because on words a linear model is hard to beat: it is even a little
# better.

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
print(f"{X.shape[1]} features, {X.nnz / np.prod(X.shape):.1%} of the entries are not zero")

# %%
# What has it learned? The connection weights tell which words raise the score of a module, and by
# how much; the standard deviation of a word's column gives rare words less weight. Only differences
# between the modules have a meaning, so the mean over them is taken off.

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
