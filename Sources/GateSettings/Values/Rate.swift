/// How many requests in which time: written `10/s`, `600/min` or `100/h`.
public struct Rate: Hashable, Sendable, CustomStringConvertible {
    /// The time that a rate counts in.
    public enum Period: String, Sendable, CaseIterable {
        /// One second.
        case second = "s"
        /// Sixty seconds.
        case minute = "min"
        /// 3,600 seconds.
        case hour = "h"

        /// Its length in seconds.
        public var seconds: Int {
            switch self {
            case .second: 1
            case .minute: 60
            case .hour: 3600
            }
        }
    }

    /// Requests in one period.
    public var count: Int
    /// The period.
    public var period: Period

    /// `count` requests a `period`.
    public init(_ count: Int, per period: Period) {
        self.count = count
        self.period = period
    }

    /// The spelling that the configuration reads.
    public var description: String { "\(count)/\(period.rawValue)" }

    static func parse(_ text: String) -> Parsed<Rate> {
        let example = "write 10/s, 600/min or 100/h"
        guard let (number, rest) = Quantity.split(text) else {
            return .problem("\(Quantity.quoted(text)) is not a rate", instead: example)
        }
        guard rest.hasPrefix("/"), let period = Period(rawValue: String(rest.dropFirst())) else {
            return .problem(
                rest.isEmpty ? "'\(number)' has no unit" : "'\(rest.abbreviated)' is not a unit of rate",
                instead: "write \(number)/s, \(number)/min or \(number)/h")
        }
        guard number > 0 else { return .problem("a rate of 0 lets nothing pass", instead: example) }
        return .value(Rate(number, per: period))
    }
}
