"""Ratios, their intervals, the table and the plot."""

import random
import statistics


def interval(values, rounds=10000):
    """(median, low, high): the 95 % bootstrap interval of the median, the same for the same values."""
    generator = random.Random(1)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(rounds))
    return statistics.median(values), medians[int(rounds * 0.025)], medians[int(rounds * 0.975) - 1]


class Row:
    """One measure: for each proxy its ratios to nginx and its own figures."""

    def __init__(self, title, unit, better, digits=1):
        self.title, self.unit, self.better, self.digits = title, unit, better, digits
        self.ratios, self.figures = {}, {}

    def add(self, name, base, figure, least=0):
        """One pair: nginx's figure and the proxy's; no ratio to a base that is not above `least`."""
        self.figures.setdefault("nginx", []).append(base)
        self.figures.setdefault(name, []).append(figure)
        if base > least:
            self.ratios.setdefault(name, []).append(figure / base)

    def lines(self):
        yield f"{self.title} ({self.unit}, {self.better} is better)"
        for name, figures in self.figures.items():
            figure = statistics.median(figures)
            text = f"  {name:<24}{figure:>12.{self.digits}f}"
            if name in self.ratios:
                middle, low, high = interval(self.ratios[name])
                count = len(self.ratios[name])
                text += f"   {middle:5.2f} of nginx"
                if count > 1:
                    text += f"   [{low:.2f}, {high:.2f}]   {count} pairs"
            yield text

    def data(self):
        return {
            "title": self.title,
            "unit": self.unit,
            "better": self.better,
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
        f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" font-size="14" font-weight="600">Beside nginx (1 = nginx), 95 % interval</text>'
        + grid + "".join(parts) + f'<text x="12" y="{y + 16}" fill="#555">{caption}</text></svg>\n'
    )  # fmt: skip
