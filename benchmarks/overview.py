"""Speed and accuracy beside the peers, the two pictures of the documentation's first page.

    python benchmarks/speed.py --json speed.json
    python benchmarks/accuracy.py --data DIR --sizes 6000 --splits 3 --json accuracy.json
    python benchmarks/overview.py --speed speed.json --accuracy accuracy.json --pictures docs/images
    python benchmarks/overview.py --tiny   # measures a little, draws it and keeps nothing

Each is drawn twice, for light and for dark pages. ``--accuracy`` takes several files, of which the
first that holds a figure counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

import matplotlib.pyplot as plt

PEERS = {"torch": ("#E69F00", "PyTorch"), "skorch": ("#009E73", "skorch")}
NAMES = {
    "ShallowNN": "skshallow",
    "LightGBM": "LightGBM",
    "random forest": "random forest",
    "MLP": "MLPClassifier",
    "HistGradientBoosting": "HistGradientBoosting",
    "logistic regression": "logistic regression",
}
LOOKS = {  # end of the file's name: letters and lines, page, our own blue
    "": ("#22262b", "#ffffff", "#0072B2"),
    "-dark": ("#e3e6ea", "#14181e", "#56B4E9"),
}


def speeds(report):
    """(work, {name: times as fast as MLPClassifier}) of Adam.

    Of several types, numbers of threads and activations the first is taken.
    """
    figures = [figure for figure in report["figures"] if figure["section"] == "training"]
    kind = [(f["dtype"], f["threads"], f.get("activation", "relu")) for f in figures]
    return [(f["work"], f["ratios"]) for f, k in zip(figures, kind, strict=True) if k == kind[0]]


def accuracies(files, size):
    """{name: mean accuracy over the tables, in %} at a size, each table's splits averaged first."""
    found = {}
    for file in files:
        for f in json.loads(Path(file).read_text()):
            key = (f["estimator"], f["table"], f["split"])
            if f["size"] == size and not f["raw"] and f["estimator"] in NAMES:
                found.setdefault(key, f["accuracy"])
    tables = {table for _, table, _ in found}
    means = {}
    for name in {name for name, _, _ in found}:
        of = [[a for (n, t, _), a in found.items() if (n, t) == (name, table)] for table in tables]
        if not all(of):
            sys.exit(f"{name} was not measured on all of {', '.join(sorted(tables))}")
        means[name] = 100 * mean(map(mean, of))
    return dict(sorted(means.items(), key=lambda item: item[1]))


def draw_speeds(ax, figures, look):
    """Bars for each shape of the work."""
    ink, page, ours = look
    engines = {"skshallow": (ours, "skshallow"), "NumPy engine": ((ours, 0.5), "NumPy engine")}
    contestants = {
        name: how
        for name, how in {**engines, **PEERS}.items()
        if any(name in ratios for _, ratios in figures)
    }
    height = 0.8 / len(contestants)
    for place, (name, (color, label)) in enumerate(contestants.items()):
        bars = {i + height * place: r[name] for i, (_, r) in enumerate(figures) if name in r}
        bar = {"color": color, "label": label}
        drawn = ax.barh(list(bars), list(bars.values()), 0.93 * height, **bar)
        texts = ax.bar_label(drawn, fmt="%.2g", padding=4, fontsize=9, color=ink)
        plt.setp(texts, bbox={"color": page, "pad": 0.5})  # the line does not cross them
    ax.axvline(1, color=ink, linewidth=1, linestyle=":")
    labels = [work.replace(", ", "\n", 1) for work, _ in figures]
    ax.set_yticks([i + 0.4 - height / 2 for i in range(len(labels))], labels)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_title("Times as fast as MLPClassifier")
    ax.legend(frameon=False, loc="lower right", labelcolor=ink)


def draw_accuracies(ax, means, look):
    """A dot for each estimator, the best on top; a share of right answers needs no zero."""
    ink, _, ours = look
    names, values = [NAMES[name] for name in means], list(means.values())
    ax.hlines(names, min(values) - 1, values, color=ink, linewidth=0.6, alpha=0.4)
    for name, value in zip(names, values, strict=True):
        color = ours if name == "skshallow" else ink
        ax.plot(value, name, "o", markersize=10, color=color)
        ax.annotate(f"{value:.2f}", (value, name), (10, -4), textcoords="offset points", color=ink)
    for label in ax.get_yticklabels():
        if label.get_text() == "skshallow":
            label.set_fontweight("bold")
    ax.set_xlim(min(values) - 1, max(values) + 1)
    ax.set_title("Accuracy in %, mean of the data sets")


def save(draw, figures, stem):
    """The picture, once for light pages and once for dark ones."""
    for end, look in LOOKS.items():
        colors = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
        with plt.rc_context(dict.fromkeys(colors, look[0]) | {"svg.hashsalt": "overview"}):
            figure, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
            draw(ax, figures, look)
            ax.spines[["top", "right", "left"]].set_visible(False)
            ax.tick_params(axis="y", length=0)
            file = stem.with_name(f"{stem.name}{end}.svg")
            figure.savefig(file, transparent=True, metadata={"Date": None})
            plt.close(figure)


def measure_a_little(folder):
    """Figures of the smallest kind, to try whether everything runs."""
    here, files = Path(__file__).parent, (folder / "speed.json", folder / "accuracy.json")
    for name, file in zip(("speed.py", "accuracy.py"), files, strict=True):
        command = [sys.executable, here / name, "--tiny", "--json", file]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return files


def main():
    """Read the figures and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", metavar="FILE", help="figures of speed.py --json")
    parser.add_argument("--accuracy", metavar="FILE", nargs="+", help="of accuracy.py --json")
    parser.add_argument("--size", type=int, default=6000, help="training rows of the accuracy")
    parser.add_argument("--pictures", metavar="DIR", default="docs/images", help="where to")
    parser.add_argument("--tiny", action="store_true", help="does it run?")
    options = parser.parse_args()
    if not options.tiny and not (options.speed and options.accuracy):
        parser.error("pass --speed and --accuracy, or --tiny")
    with tempfile.TemporaryDirectory() as folder:
        speed, accuracy, to = options.speed, options.accuracy, Path(options.pictures)
        if options.tiny:
            to = Path(folder)
            speed, tiny = measure_a_little(to)
            accuracy, options.size = [tiny], json.loads(tiny.read_text())[0]["size"]
        figures, means = (
            speeds(json.loads(Path(speed).read_text())),
            accuracies(accuracy, options.size),
        )
        save(draw_speeds, figures, to / "overview-speed")
        save(draw_accuracies, means, to / "overview-accuracy")
    for name, value in reversed(means.items()):
        print(f"{value:6.2f}  {NAMES[name]}")


if __name__ == "__main__":
    main()
