/// What a limit allows: a steady rate, a burst above it, and from where on requests wait instead of passing at once.
///
/// The arithmetic is that of nginx's `limit_req`: a bucket that leaks `rate` and into which each request pours 1000.
/// Only values whose products fit 64 bits with room to spare can be made, so that no arrival can overflow.
public struct LimitParameters: Hashable, Sendable {
    /// Which value is out of its range.
    public enum RangeError: Error, Hashable, Sendable {
        /// The rate is not in ``LimitParameters/rates``.
        case rate
        /// The burst is not in ``LimitParameters/bursts``.
        case burst
        /// The delay is negative or above the burst, where it could never take effect.
        case delayAfter
    }

    // LIMIT: rate × (clamped ms) is at most (burst + 1) × 10^6 + rate, below 2 × 10^12 and so far from 2^63.
    /// Rates in thousandths of a request a second: from one in 1000 seconds to a million a second.
    public static let rates: ClosedRange<Int64> = 1...1_000_000_000
    // LIMIT: 1000 × (burst + 1) must fit the Int32 of a stored excess.
    /// Bursts in requests.
    public static let bursts: ClosedRange<Int64> = 0...1_000_000

    /// Thousandths of a request a second; 10/s is 10,000.
    public let rate: Int64
    /// How many requests above the rate pass (or wait) before the next is refused.
    public let burst: Int64
    /// Requests of the burst beyond this count wait for their turn; nil: none waits; 0: all wait.
    public let delayAfter: Int64?

    /// Milliseconds in which a full bucket has leaked so far that the next request finds it empty.
    private let drain: Int64

    /// The limit of these values, each in its range.
    public init(rate: Int64, burst: Int64, delayAfter: Int64? = nil) throws(RangeError) {
        guard Self.rates.contains(rate) else { throw .rate }
        guard Self.bursts.contains(burst) else { throw .burst }
        if let delayAfter {
            guard delayAfter >= 0, delayAfter <= burst else { throw .delayAfter }
        }
        self.rate = rate
        self.burst = burst
        self.delayAfter = delayAfter
        drain = ((burst &+ 1) &* 1_000_000) / rate &+ 1
    }

    /// What the bucket holds after one more request, in thousandths, `elapsed` milliseconds after it held `stored`.
    ///
    /// A clock that stands or went back leaks nothing; one that leapt leaks at most the whole bucket.
    @inline(__always)
    func excess(after stored: Int64, elapsed: Int64) -> Int64 {
        // LIMIT: clamped before the multiplication: an idle key and a high rate must not overflow.
        let leaked = rate &* max(0, min(elapsed, drain)) / 1000
        return max(0, stored &- leaked &+ 1000)
    }

    /// Whether a bucket that would hold `excess` overflows: the request is refused.
    @inline(__always)
    func refuses(_ excess: Int64) -> Bool { excess > burst &* 1000 }

    /// Milliseconds that a request waits whose bucket holds `excess`; 0 where it passes at once.
    @inline(__always)
    func wait(for excess: Int64) -> Int64 {
        guard let delayAfter else { return 0 }
        return max(0, excess &- delayAfter &* 1000) &* 1000 / rate
    }

    /// Milliseconds, rounded up, until a bucket that would hold `excess` leaks down to `level`, both in thousandths.
    func time(from excess: Int64, to level: Int64) -> Int64 {
        (max(0, bounded(excess) &- level) &* 1000 &+ rate &- 1) / rate
    }

    /// Milliseconds until a request that was refused with `excess` would pass.
    func retry(after excess: Int64) -> Int64 { time(from: excess, to: burst &* 1000) }

    /// How many more requests would pass at once or after a wait, right after one that left `excess`.
    public func remaining(at excess: Int64) -> Int64 { max(0, burst &* 1000 &- bounded(excess)) / 1000 }

    /// An excess as a bucket of these parameters can hold it, so that arithmetic on it cannot overflow.
    private func bounded(_ excess: Int64) -> Int64 { max(0, min(excess, (burst &+ 1) &* 1000)) }

    /// Seconds, rounded up, in which a full bucket leaks whole: the window in which `burst + 1` requests always pass.
    public var windowSeconds: Int64 { ((burst &+ 1) &* 1_000_000 / rate &+ 999) / 1000 }
}
