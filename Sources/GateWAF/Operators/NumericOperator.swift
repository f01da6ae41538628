/// The operators that compare numbers, read as ModSecurity reads them; the names are SecLang's.
public enum NumericOperator: String, CaseIterable, Sendable {
    /// Equal.
    case eq
    /// Greater or equal.
    case ge
    /// Greater.
    case gt
    /// Less or equal.
    case le
    /// Less.
    case lt

    /// Whether `value` compares so to `parameter`.
    public func matches(_ value: Span<UInt8>, parameter: Span<UInt8>) -> Bool {
        matches(number(in: value), parameter: number(in: parameter))
    }

    /// Whether the number `value` compares so to `parameter`.
    public func matches(_ value: Int, parameter: Int) -> Bool {
        switch self {
        case .eq: value == parameter
        case .ge: value >= parameter
        case .gt: value > parameter
        case .le: value <= parameter
        case .lt: value < parameter
        }
    }

    /// The number at the start of `text`, behind white space and with a sign; 0 where there is none.
    ///
    /// One too large for 64 bits counts as the largest. `eq` reads 32 bits, and what is too large for those counts as 0.
    public func number(in text: Span<UInt8>) -> Int {
        let number = Self.integer(in: text)
        return self == .eq && Int32(exactly: number) == nil ? 0 : number
    }

    /// C's `strtoll` with base 10.
    static func integer(in text: Span<UInt8>) -> Int {
        var index = 0
        while index < text.count, text[index].isCSpace { index &+= 1 }
        let sign = text.orZero(index)
        let isNegative = sign == UInt8(ascii: "-")
        if isNegative || sign == UInt8(ascii: "+") { index &+= 1 }
        var value = 0
        while index < text.count, text[index] &- 0x30 < 10 {
            let digit = Int(text[index] &- 0x30)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || carry { return isNegative ? .min : .max }
            value = sum
            index &+= 1
        }
        return value
    }
}
