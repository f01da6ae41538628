"""Ratios, their intervals, the table and the plot."""

import random
import statistics


def interval(values, rounds=10000):
    """(median, low, high): the 95 % bootstrap interval of the median, the same for the same values."""
    generator = random.Random(1)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(rounds))
    return statistics.median(values), medians[int(rounds * 0.025)], medians[int(rounds * 0.975) - 1]


#: How far beyond its target the worse end of an interval may lie: the machine is noisy.
TOLERANCE = 0.05


class Row:
    """One measure: for each proxy its ratios to the base, nginx as a rule, and its own figures.

    `target` is the gateway's: a ratio to the base, or with `absolute` a figure.
    """

    def __init__(self, title, unit, better, digits=1, base="nginx", target=None, absolute=None, tolerance=TOLERANCE):
        self.title, self.unit, self.better, self.digits = title, unit, better, digits
        self.base, self.target, self.absolute, self.tolerance = base, target, absolute, tolerance
        self.ratios, self.figures = {}, {}

    def add(self, name, base, figure, least=0):
        """One pair: the base's figure and the proxy's; no ratio to a base that is not above `least`."""
        self.figures.setdefault(self.base, []).append(base)
        self.figures.setdefault(name, []).append(figure)
        if base > least:
            self.ratios.setdefault(name, []).append(figure / base)

    def figure(self, name, figure):
        """A figure of its own, beside nothing."""
        self.figures.setdefault(name, []).append(figure)

    def verdict(self, name):
        """Whether the gateway met its target, in words; empty for others and where there is none."""
        if not name.startswith("portcullis"):
            return ""
        if self.absolute is not None:
            met = statistics.median(self.figures[name]) <= self.absolute
            return f"   target {self.absolute}: {'met' if met else 'missed'}"
        if self.target is None or name not in self.ratios:
            return ""
        _, low, high = interval(self.ratios[name])
        met = high <= self.target + self.tolerance if self.better == "less" else low >= self.target - self.tolerance
        return f"   target {self.target:.3g}: {'met' if met else 'missed'}"

    def lines(self):
        yield f"{self.title} ({self.unit}, {self.better} is better)"
        for name, figures in self.figures.items():
            figure = statistics.median(figures)
            text = f"  {name:<24}{figure:>12.{self.digits}f}"
            if name in self.ratios:
                middle, low, high = interval(self.ratios[name])
                count = len(self.ratios[name])
                text += f"   {middle:5.{3 if middle < 0.2 else 2}f} of {self.base}"
                if count > 1:
                    text += f"   [{low:.3g}, {high:.3g}]   {count} pairs"
            yield text + self.verdict(name)

    def data(self):
        return {
            "title": self.title,
            "unit": self.unit,
            "better": self.better,
            "base": self.base,
            "target": self.target if self.absolute is None else self.absolute,
            "figures": {name: statistics.median(figures) for name, figures in self.figures.items()},
            "ratios": {
                name: dict(zip(("median", "low", "high"), interval(ratios)), pairs=len(ratios))
                for name, ratios in self.ratios.items()
            },
        }


COLOURS = {"portcullis": "#1f6f5c", "haproxy": "#7b8794", "envoy": "#b08fd8", "caddy": "#6aa6d8"}


def plot(rows, caption):
    """An SVG of every ratio to nginx with its interval, on a logarithmic scale."""
    import math

    left, width, height, gap = 330, 420, 18, 14
    most = max((interval(ratios)[2] for row in rows for ratios in row.ratios.values()), default=2)
    least = min((interval(ratios)[1] for row in rows for ratios in row.ratios.values()), default=0.5)
    low, high = math.log(min(least, 0.5) * 0.95), math.log(max(most, 2) * 1.05)

    def x(ratio):
        return left + (math.log(ratio) - low) / (high - low) * width

    parts, y = [], 60
    for row in rows:
        parts.append(f'<text x="12" y="{y + 12}" font-weight="600">{row.title} ({row.better} is better)</text>')
        y += height + 2
        for name, ratios in row.ratios.items():
            middle, down, up = interval(ratios)
            colour = next((value for key, value in COLOURS.items() if name.startswith(key)), "#7b8794")
            start, end = sorted((x(1), x(middle)))
            parts.append(f'<text x="{left - 10}" y="{y + 13}" text-anchor="end">{name}</text>')
            parts.append(f'<rect x="{start:.1f}" y="{y + 3}" width="{max(end - start, 1):.1f}" height="{height - 6}" fill="{colour}"/>')
            parts.append(f'<line x1="{x(down):.1f}" x2="{x(up):.1f}" y1="{y + height / 2}" y2="{y + height / 2}" stroke="#222" stroke-width="1.5"/>')
            parts.append(f'<text x="{left + width + 12}" y="{y + 13}">{middle:.2f}</text>')
            y += height
        y += gap
    grid = ""
    for ratio in (0.25, 0.5, 1, 2, 4, 8, 16, 32):
        if low < math.log(ratio) < high:
            stroke = "#222" if ratio == 1 else "#ddd"
            grid += f'<line x1="{x(ratio):.1f}" x2="{x(ratio):.1f}" y1="50" y2="{y}" stroke="{stroke}"/>'
            grid += f'<text x="{x(ratio):.1f}" y="44" text-anchor="middle" fill="#555">{ratio:g}</text>'
    total = left + width + 70
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y + 30}" viewBox="0 0 {total} {y + 30}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#222">'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" font-size="14" font-weight="600">Ratio to nginx, or to what the title names; 95 % interval</text>'
        + grid + "".join(parts) + f'<text x="12" y="{y + 16}" fill="#555">{caption}</text></svg>\n'
    )  # fmt: skip
