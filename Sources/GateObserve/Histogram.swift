import GatePrimitives

/// Counts of durations by fixed bounds, with their sum.
struct Histogram: Sendable {
    /// The upper bounds in nanoseconds: half a millisecond to a minute. A duration equal to a bound is within it.
    static let bounds: [Int64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000, 60_000_000_000,
    ]

    /// The values of the label `le`, in seconds, the last for everything; floats, as OpenMetrics 1.0 §"Histogram" demands.
    static let boundTexts = [
        "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0",
        "10.0", "30.0", "60.0", "+Inf",
    ]

    /// How many durations fell between each bound and the one before; the last: beyond all bounds.
    private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// The sum of all durations in nanoseconds.
    private(set) var sum: UInt64 = 0

    /// Counts `duration`; a negative one counts as zero.
    mutating func observe(_ duration: TimeSpan) {
        let nanoseconds = max(duration.nanoseconds, 0)
        var bucket = 0
        while bucket < Self.bounds.count, nanoseconds > Self.bounds[bucket] { bucket &+= 1 }
        counts[bucket] &+= 1
        sum &+= UInt64(nanoseconds)
    }

    /// Adds the counts of another loop's histogram.
    mutating func merge(_ other: Histogram) {
        for index in 0..<min(counts.count, other.counts.count) { counts[index] &+= other.counts[index] }
        sum &+= other.sum
    }
}
