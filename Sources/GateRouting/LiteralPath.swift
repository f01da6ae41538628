import GateHTTP

/// The rules for the literal path of a route: what no canonical path can be is an error, not a route that never matches.
enum LiteralPath {
    /// What is wrong with a literal, and what to write instead.
    struct Fault {
        let problem: String
        let remedy: String
    }

    /// The fault of `literal` in a route with `policy`, or nil.
    static func fault(of literal: String, under policy: PathPolicy) -> Fault? {
        let bytes = Array(literal.utf8)
        guard bytes.first == UInt8(ascii: "/") else {
            return Fault(problem: "the path `\(literal)` does not begin with `/`", remedy: "write `/\(literal)`")
        }
        guard bytes.count <= RouteCompiler.maximumLiteral else {
            return Fault(
                problem: "the path is longer than \(RouteCompiler.maximumLiteral) bytes", remedy: "use a shorter prefix"
            )
        }
        guard bytes.count(where: { $0 == UInt8(ascii: "/") }) <= RouteStorage.maximumDepth else {
            return Fault(
                problem: "the path has more than \(RouteStorage.maximumDepth) segments", remedy: "use a shorter prefix")
        }
        return characterFault(bytes, literal) ?? policyFault(bytes, literal, policy)
    }

    /// RFC 3986 §3.3: a segment consists of `pchar`; a canonical path writes each character in one way.
    private static func characterFault(_ bytes: [UInt8], _ literal: String) -> Fault? {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "?"), UInt8(ascii: "#"):
                return Fault(problem: "the path `\(literal)` holds `?` or `#`", remedy: "match the query under `query`")
            case ...0x20, 0x7f...:
                return Fault(
                    problem: "the path `\(literal)` holds a byte that a path cannot hold",
                    remedy: "percent-encode it, with digits in upper case")
            case UInt8(ascii: "%"):
                guard index + 1 < bytes.count, let high = digit(bytes[index]), let low = digit(bytes[index + 1]) else {
                    return Fault(
                        problem: "the path `\(literal)` holds a `%` without two hexadecimal digits in upper case",
                        remedy: "write `%25` for a percent sign, and digits as in `%2F`")
                }
                if isUnreserved(high << 4 | low) {
                    return Fault(
                        problem: "the path `\(literal)` encodes a character that a canonical path holds as itself",
                        remedy: "write the character")
                }
                index += 2
            default: break
            }
        }
        return nil
    }

    private static func policyFault(_ bytes: [UInt8], _ literal: String, _ policy: PathPolicy) -> Fault? {
        let segments = literal.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let encoded = literal.contains("%2F") || literal.contains("%5C") || literal.contains("\\")
        let findings: [(Bool, PathPolicy.Choice, String)] = [
            (segments.contains { $0 == "." || $0.hasSuffix("..") }, policy.dotSegments, "dotSegments"),
            (segments.dropLast().contains(""), policy.duplicateSlashes, "duplicateSlashes"),
            (encoded, policy.encodedSlash, "encodedSlash"),
            (literal.contains(";") || literal.contains("%3B"), policy.parameters, "parameters"),
        ]
        for (isFound, choice, option) in findings where isFound && choice != .keep {
            return Fault(
                problem:
                    "the path `\(literal)` never matches: its spelling is \(choice == .refuse ? "refused" : "resolved")",
                remedy: "write it in its resolved form, or set `path: { \(option): keep }`")
        }
        return nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        default: nil
        }
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: true
        default: false
        }
    }
}
