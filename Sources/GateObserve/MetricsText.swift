/// The format of a scrape.
public enum MetricsFormat: Sendable, Equatable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The format that the `Accept` field asks for: OpenMetrics where it is named and not refused by `q=0`.
    public init(accept: String) {
        let wants = accept.lowercased().split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard parts.first == "application/openmetrics-text" else { return false }
            let versions = parts.filter { $0.hasPrefix("version=") }
            guard versions.isEmpty || versions == ["version=1.0.0"] || versions == ["version=\"1.0.0\""] else {
                return false
            }
            return !parts.contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
        self = wants ? .openMetrics : .prometheus
    }

    /// The value of `content-type`.
    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

/// Writes metric families as text: HELP, TYPE, samples.
struct MetricsText: ~Copyable {
    /// The types of families.
    enum Kind: String {
        case counter, gauge, histogram
        /// A gauge that is always 1 and carries facts as labels; a type of its own in OpenMetrics.
        case info
    }

    /// Labels of one sample, in order.
    typealias Labels = [(name: String, value: String)]

    private var output = TextBuffer(capacity: 1 << 16)
    private let format: MetricsFormat
    private var name = ""

    init(format: MetricsFormat) { self.format = format }

    /// Begins the family `name`, without `_total` or `_info`.
    ///
    /// The two formats differ here alone: OpenMetrics names a counter or an info without its suffix.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        let suffix = kind == .counter ? "_total" : kind == .info ? "_info" : ""
        self.name = name + suffix
        let title = format == .prometheus ? self.name : name
        let type = format == .prometheus && kind == .info ? "gauge" : kind.rawValue
        line("# HELP \(title) \(help)")
        line("# TYPE \(title) \(type)")
    }

    /// A sample of the family.
    mutating func sample(_ labels: Labels, _ value: Int64) { sample("", labels, String(value)) }

    /// A sample of the family.
    mutating func sample(_ labels: Labels, _ value: UInt64) { sample("", labels, String(value)) }

    /// A sample of the family whose value is written out already.
    mutating func sample(_ labels: Labels, text value: String) { sample("", labels, value) }

    /// A family of one sample, left out where there is no value.
    mutating func optional(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64?) {
        guard let value else { return }
        family(name, kind, help)
        sample([], value)
    }

    /// All samples of one histogram.
    mutating func histogram(_ labels: Labels, _ histogram: Histogram) {
        var total: UInt64 = 0
        for (bound, count) in zip(Histogram.boundTexts, histogram.counts) {
            total &+= count
            sample("_bucket", labels + [("le", bound)], String(total))
        }
        var seconds = TextBuffer()
        seconds.append(seconds: histogram.sum)
        sample("_sum", labels, seconds.string)
        sample("_count", labels, String(total))
    }

    /// The text, with the end that OpenMetrics marks.
    mutating func finish() -> [UInt8] {
        if format == .openMetrics { line("# EOF") }
        return output.array
    }

    private mutating func sample(_ suffix: String, _ labels: Labels, _ value: String) {
        output.append(name)
        output.append(suffix)
        if !labels.isEmpty {
            var separator: UInt8 = 0x7b
            for label in labels {
                output.append(separator)
                separator = 0x2c
                output.append(label.name)
                output.append(literal: "=\"")
                appendEscaped(label.value)
                output.append(0x22 as UInt8)
            }
            output.append(0x7d as UInt8)
        }
        line(" " + value)
    }

    /// Both formats escape backslash, quote and line feed, and nothing else.
    private mutating func appendEscaped(_ value: String) {
        for byte in value.utf8 {
            switch byte {
            case 0x5c, 0x22:
                output.append(0x5c as UInt8)
                output.append(byte)
            case 0x0a: output.append(literal: "\\n")
            default: output.append(byte)
            }
        }
    }

    private mutating func line(_ text: String) {
        output.append(text)
        output.append(0x0a as UInt8)
    }
}
