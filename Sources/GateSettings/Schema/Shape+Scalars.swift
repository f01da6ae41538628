import GatePrimitives

extension Shape where Value == String {
    /// Text without control characters, 1 to `most` bytes.
    static func text(_ type: String = "text", most: Int = 1024) -> Shape {
        .scalar(type) { text in
            guard !text.isEmpty else { return .problem("the text is empty", instead: nil) }
            guard text.utf8.count <= most else {
                return .problem("the text has \(text.utf8.count) bytes, the most is \(most)", instead: nil)
            }
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
                return .problem("\(Quantity.quoted(text)) holds a control character", instead: nil)
            }
            return .value(text)
        } render: {
            $0
        }
    }

    /// A name that the operator chose elsewhere or chooses here.
    static func name(_ type: String = "a name") -> Shape {
        .scalar(type) { text in
            Names.problem(with: text).map { .problem($0, instead: Names.rule) } ?? .value(text)
        } render: {
            $0
        }
    }

    /// The name of a header field, in lower case (RFC 9110 §5.1).
    static let fieldName: Shape = .scalar("a header name") { text in
        isToken(text)
            ? .value(text.lowercased())
            : .problem("\(Quantity.quoted(text)) is not a header name", instead: "use letters, digits and -")
    } render: {
        $0
    }

    /// The value of a header field: visible ASCII, spaces and tabs inside (RFC 9110 §5.5).
    static let fieldValue: Shape = .scalar("a header value") { text in
        let bytes = text.utf8
        guard bytes.count <= 4096, bytes.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
            return .problem(
                "\(Quantity.quoted(text)) is not a header value", instead: "use at most 4096 visible ASCII characters")
        }
        guard let first = bytes.first, let last = bytes.last, ![0x20, 0x09].contains(first),
            ![0x20, 0x09].contains(last)
        else { return .problem("a header value neither is empty nor begins or ends with a space", instead: nil) }
        return .value(text)
    } render: {
        $0
    }

    /// A method (RFC 9110 §9.1): a token, case counts.
    static let method: Shape = .scalar("a method") { text in
        guard isToken(text) else { return .problem("\(Quantity.quoted(text)) is not a method", instead: nil) }
        let upper = text.uppercased()
        guard upper == text else {
            return .problem("methods are compared with their case", instead: "write \(upper.abbreviated)")
        }
        return .value(text)
    } render: {
        $0
    }

    /// tchar of RFC 9110 §5.6.2, 1 to 128 of them.
    private static func isToken(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
                default: false
                }
            }
    }
}

extension Shape where Value == Bool {
    /// `true` or `false`, and nothing else.
    static let flag: Shape = .scalar("true or false") { text in
        switch text {
        case "true": .value(true)
        case "false": .value(false)
        default: .problem("\(Quantity.quoted(text)) is not true or false", instead: "write true or false")
        }
    } render: {
        $0 ? "true" : "false"
    }
}

extension Shape where Value == Int {
    /// A whole number within `range`.
    static func integer(_ range: ClosedRange<Int>) -> Shape {
        .scalar("a whole number, \(range.lowerBound) to \(range.upperBound)") { text in
            let isNegative = text.hasPrefix("-")
            guard let (number, unit) = Quantity.split(isNegative ? String(text.dropFirst()) : text), unit.isEmpty else {
                return .problem("\(Quantity.quoted(text)) is not a whole number", instead: nil)
            }
            let value = isNegative ? -number : number
            guard range.contains(value) else {
                return .problem(
                    "\(value) is out of range", instead: "write \(range.lowerBound) to \(range.upperBound)")
            }
            return .value(value)
        } render: {
            "\($0)"
        }
    }
}

extension Shape where Value == TimeSpan {
    /// A duration within `range`.
    static func duration(_ range: ClosedRange<TimeSpan> = .milliseconds(1) ... .seconds(31_622_400)) -> Shape {
        .scalar("a duration, \(range.lowerBound.setting) to \(range.upperBound.setting)") { text in
            let parsed = TimeSpan.parse(text)
            if case .value(let value) = parsed, !range.contains(value) {
                return .problem(
                    "\(value.setting) is out of range",
                    instead: "write \(range.lowerBound.setting) to \(range.upperBound.setting)")
            }
            return parsed
        } render: {
            $0.setting
        }
    }
}

extension Shape where Value == ByteCount {
    /// A size within `range`.
    static func size(_ range: ClosedRange<ByteCount>) -> Shape {
        .scalar("a size, \(range.lowerBound) to \(range.upperBound)") { text in
            let parsed = ByteCount.parse(text)
            if case .value(let value) = parsed, !range.contains(value) {
                return .problem(
                    "\(value) is out of range", instead: "write \(range.lowerBound) to \(range.upperBound)")
            }
            return parsed
        } render: {
            $0.description
        }
    }
}

extension Shape where Value == Rate {
    /// A rate.
    static let rate: Shape = .scalar("a rate", parse: Rate.parse, render: \.description)
}

/// A fixed set of words.
protocol Word: RawRepresentable<String>, CaseIterable, Equatable, Sendable {
    /// Words of the contract that this version does not have.
    static var planned: [String] { get }
}

extension Word {
    /// Nothing is planned.
    static var planned: [String] { [] }
}

extension Shape where Value: Word {
    /// One of the words of `Value`.
    static var word: Shape {
        let words = Value.allCases.map(\.rawValue)
        return .scalar(words.map { "`\($0)`" }.joined(separator: " or ")) { text in
            if let value = Value(rawValue: text) { return .value(value) }
            let choice = "write " + words.joined(separator: " or ")
            if Value.planned.contains(text) { return .problem("'\(text)' is not in this version", instead: choice) }
            return .problem("\(Quantity.quoted(text)) is not known here", instead: choice)
        } render: {
            $0.rawValue
        }
    }
}
