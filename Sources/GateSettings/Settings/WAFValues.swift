/// Ids of rules: one, or a range.
public struct WAFRuleIDs: Hashable, Sendable, CustomStringConvertible {
    /// The ids.
    public let range: ClosedRange<Int>

    /// These ids.
    public init(_ range: ClosedRange<Int>) { self.range = range }

    /// The spelling that the configuration reads.
    public var description: String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
}

/// Which values of requests decisions do not show.
public enum WAFRedaction: String, Word {
    /// Those that carry credentials.
    case credentials
    /// All.
    case values
}

/// The rule set of a route.
public enum WAFChoice: Hashable, Sendable {
    /// None, written out.
    case none
    /// The set of this name.
    case named(String)

    /// The name of the set, if there is one.
    public var name: String? {
        switch self {
        case .none: nil
        case .named(let name): name
        }
    }
}

extension Shape where Value == WAFChoice {
    /// The name of a rule set, or `none`.
    static let waf: Shape = .scalar("the name of a rule set, or `none`") { text in
        if text == "none" { return .value(WAFChoice.none) }
        return Names.problem(with: text).map { .problem($0, instead: Names.rule) } ?? .value(.named(text))
    } render: {
        $0.name ?? "none"
    }
}

extension Shape where Value == WAFSettings.Mode {
    /// The mode of a rule set; `off` is another word for `disabled`.
    static let wafMode: Shape = .scalar("`block`, `detect` or `disabled`") { text in
        if text == "off" { return .value(.disabled) }
        return WAFSettings.Mode(rawValue: text).map { .value($0) }
            ?? .problem("\(Quantity.quoted(text)) is not a mode", instead: "write block, detect or disabled")
    } render: {
        $0.rawValue
    }
}

extension Shape where Value == WAFRuleIDs {
    /// A rule's id, or a range of ids.
    static let ruleIDs: Shape = .scalar("a rule's id, or a range of ids") { text in
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        // LIMIT: SecLang's ids are positive and have at most nine digits here, CRS's have six.
        let ids = parts.compactMap { part -> Int? in
            guard (1...9).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return Int(part)
        }
        guard ids.count == parts.count, let first = ids.first, let last = ids.last, ids.count <= 2, first > 0 else {
            return .problem(
                "\(Quantity.quoted(text)) is not the id of a rule", instead: "write 942100 or 942100-942199")
        }
        guard first <= last else {
            return .problem("the range \(Quantity.quoted(text)) runs backwards", instead: "write \(last)-\(first)")
        }
        return .value(WAFRuleIDs(first...last))
    } render: {
        $0.description
    }
}

extension Shape where Value == String {
    /// The name of an argument, safe inside a SecLang directive.
    static let wafSelector: Shape = .scalar("the name of an argument") { text in
        selectorProblem(text).map { .problem($0, instead: nil) } ?? .value(text)
    } render: {
        $0
    }

    /// `VARIABLE` or `VARIABLE:name`, safe inside a SecLang directive.
    static let wafTarget: Shape = .scalar("a target such as `REQUEST_COOKIES:session`") { text in
        let variable = text.prefix { $0 != ":" }
        let selector = text.dropFirst(variable.count)
        let isVariable = !variable.isEmpty && variable.utf8.allSatisfy { (0x41...0x5a).contains($0) || $0 == 0x5f }
        guard isVariable, selector.isEmpty || selectorProblem(String(selector.dropFirst())) == nil else {
            return .problem(
                "\(Quantity.quoted(text)) is not a target of rules", instead: "write REQUEST_COOKIES:session")
        }
        return .value(text)
    } render: {
        $0
    }

    /// What would end or change the directive that the name is put into.
    private static func selectorProblem(_ text: String) -> String? {
        guard (1...256).contains(text.utf8.count) else { return "a name has 1 to 256 bytes" }
        let isSafe = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x21, 0x22, 0x26, 0x27, 0x2c, 0x2f, 0x5c, 0x60, 0x7c: false
            default: (0x21...0x7e).contains(byte)
            }
        }
        return isSafe ? nil : "\(Quantity.quoted(text)) has a character that no exclusion can name"
    }
}
