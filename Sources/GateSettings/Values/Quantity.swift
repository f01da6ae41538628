import GatePrimitives

/// Reads numbers with units.
enum Quantity {
    /// The decimal digits that `text` begins with, as a number, and the rest; nil without digits or beyond 18 of them.
    static func split(_ text: String) -> (number: Int, unit: String)? {
        let digits = text.utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        // LIMIT: 18 digits, which an Int holds.
        guard (1...18).contains(digits.count), let number = Int(String(digits) ?? "") else { return nil }
        return (number, String(text.unicodeScalars.dropFirst(digits.count)))
    }

    /// Whether `text` is letters alone, so that it was meant as a unit.
    static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x41...0x5a).contains($0 & 0xDF) }
    }

    /// The text in quotes for a message.
    static func quoted(_ text: String) -> String { "'\(text.abbreviated)'" }
}

extension TimeSpan {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ]

    /// The spelling that the configuration reads, in the largest unit that leaves no remainder.
    var setting: String {
        for (name, factor) in Self.units where nanoseconds != 0 && nanoseconds % factor == 0 {
            return "\(nanoseconds / factor)\(name)"
        }
        return "0s"
    }

    static func parse(_ text: String) -> Parsed<TimeSpan> {
        let example = "write a whole number and a unit: 250ms, 5s, 1m, 1h, 1d"
        guard let (number, unit) = Quantity.split(text), unit.isEmpty || Quantity.isWord(unit) else {
            return .problem("\(Quantity.quoted(text)) is not a duration", instead: example)
        }
        guard let factor = units.first(where: { $0.name == unit })?.nanoseconds else {
            return .problem(
                unit.isEmpty ? "'\(number)' has no unit" : "'\(unit.abbreviated)' is not a unit of time",
                instead: "write \(number)ms, \(number)s, \(number)m, \(number)h or \(number)d")
        }
        let (product, overflow) = Int64(number).multipliedReportingOverflow(by: factor)
        return .value(TimeSpan(nanoseconds: overflow ? .max : product))
    }
}
