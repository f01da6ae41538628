/// A number of bytes; written `64KiB`, `10MiB`, `1GiB` or as a plain number.
public struct ByteCount: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Bytes.
    public var bytes: Int

    /// `bytes` bytes.
    public init(_ bytes: Int) { self.bytes = bytes }

    /// `count` KiB, saturating.
    public static func kibibytes(_ count: Int) -> ByteCount { scaled(count, by: 1 << 10) }

    /// `count` MiB, saturating.
    public static func mebibytes(_ count: Int) -> ByteCount { scaled(count, by: 1 << 20) }

    /// `count` GiB, saturating.
    public static func gibibytes(_ count: Int) -> ByteCount { scaled(count, by: 1 << 30) }

    /// Whether this is fewer bytes.
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }

    /// In the largest unit that leaves no remainder.
    public var description: String {
        for (name, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes != 0 && bytes % factor == 0 {
            return "\(bytes / factor)\(name)"
        }
        return "\(bytes)"
    }

    static func parse(_ text: String) -> Parsed<ByteCount> {
        guard let (number, unit) = Quantity.split(text), unit.isEmpty || Quantity.isWord(unit) else {
            return .problem(
                "\(Quantity.quoted(text)) is not a size", instead: "write a whole number: 64KiB, 10MiB, 1GiB")
        }
        let factor: Int
        switch unit {
        case "": factor = 1
        case "KiB": factor = 1 << 10
        case "MiB": factor = 1 << 20
        case "GiB": factor = 1 << 30
        default:
            return .problem(
                "'\(unit.abbreviated)' is not a unit of size",
                instead: "write \(number)KiB, \(number)MiB or \(number)GiB")
        }
        return .value(scaled(number, by: factor))
    }

    private static func scaled(_ count: Int, by factor: Int) -> ByteCount {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return ByteCount(overflow ? .max : product)
    }
}
