#if canImport(Glibc)
    import Glibc
#endif

/// A point on the monotonic clock, in nanoseconds since an arbitrary origin; for limits, deadlines and durations.
///
/// Arithmetic saturates: no clock value can trap.
public struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the origin.
    public var nanoseconds: Int64

    /// The instant `nanoseconds` after the origin.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The current instant of CLOCK_MONOTONIC.
    public static func now() -> MonotonicInstant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    /// Whole milliseconds since the origin.
    @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Whether this instant comes before the other.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant `span` later, saturating.
    @inlinable public func advanced(by span: TimeSpan) -> MonotonicInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span.nanoseconds)
        return MonotonicInstant(nanoseconds: overflow ? (span.nanoseconds > 0 ? .max : .min) : sum)
    }

    /// The span from `earlier` to this instant, saturating.
    @inlinable public func since(_ earlier: MonotonicInstant) -> TimeSpan {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return TimeSpan(nanoseconds: overflow ? (nanoseconds > 0 ? .max : .min) : difference)
    }
}

/// A length of time in nanoseconds; arithmetic saturates.
public struct TimeSpan: Comparable, Hashable, Sendable {
    /// Nanoseconds; may be negative.
    public var nanoseconds: Int64

    /// `nanoseconds` nanoseconds.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// `count` milliseconds, saturating.
    @inlinable public static func milliseconds(_ count: Int64) -> TimeSpan {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000)
        return TimeSpan(nanoseconds: overflow ? (count > 0 ? .max : .min) : product)
    }

    /// `count` seconds, saturating.
    @inlinable public static func seconds(_ count: Int64) -> TimeSpan {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000_000)
        return TimeSpan(nanoseconds: overflow ? (count > 0 ? .max : .min) : product)
    }

    /// No time.
    public static let zero = TimeSpan(nanoseconds: 0)

    /// Whole milliseconds, rounded toward zero.
    @inlinable public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Whole seconds, rounded toward zero.
    @inlinable public var seconds: Int64 { nanoseconds / 1_000_000_000 }

    /// Whether this span is shorter than the other.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A point in wall time, in milliseconds since 1970-01-01T00:00:00Z; for tokens, certificates and log lines.
public struct WallInstant: Comparable, Hashable, Sendable {
    /// Milliseconds since the epoch.
    public var milliseconds: Int64

    /// The instant `milliseconds` after the epoch.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The current instant of CLOCK_REALTIME.
    public static func now() -> WallInstant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallInstant(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
    }

    /// Whole seconds since the epoch.
    @inlinable public var seconds: Int64 { milliseconds / 1000 }

    /// Whether this instant comes before the other.
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
}
