/// A set of known field names: two words, no allocation.
public struct FieldSet: Sendable, Equatable, ExpressibleByArrayLiteral {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The set of `names`; `other` is never a member.
    public init(arrayLiteral names: FieldName...) {
        for name in names { insert(name) }
    }

    /// Adds `name`; `other` is ignored, since it stands for no name.
    public mutating func insert(_ name: FieldName) {
        let value = name.rawValue
        guard name != .other, value < 128 else { return }
        if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value &- 64) }
    }

    /// Whether `name` is a member.
    public func contains(_ name: FieldName) -> Bool {
        let value = UInt64(name.rawValue)
        return ((value < 64 ? low &>> value : high &>> (value & 63)) & 1) == 1
    }

    /// Whether no name is a member.
    public var isEmpty: Bool { low | high == 0 }

    /// The members of both sets.
    public func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.low |= other.low
        result.high |= other.high
        return result
    }
}
