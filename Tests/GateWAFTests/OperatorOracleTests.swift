import GateWAF
import Testing

/// Operators against ModSecurity's own: whether they match, on values made of what they look for.
@Suite(.serialized) struct OperatorOracleTests {
    private static let texts = ["a", "ab", "aba", "abab", "b a", "GET POST", "aab", "bbbb"]
    private static let numbers = ["0", "5", "-3", "2147483648", "99999999999999999999"]
    private static let ranges = ["0-255", "1-255", "32-36,38-126", "9,10,13,32-126,128-255"]
    private static let phrases = ["a", "ab ba", "aba bab abba", "select union", "%u /*"]

    @Test func anOperatorMatchesWhereModSecuritySaysSo() throws {
        var operators: [(text: String, matches: ([UInt8]) -> Bool)] = []
        for parameter in Self.texts {
            let bytes = Array(parameter.utf8)
            for name in TextOperator.allCases {
                operators.append(
                    ("\(name) \(parameter)", { name.firstMatch(in: $0.span, parameter: bytes.span) != nil }))
            }
        }
        for parameter in Self.numbers {
            let bytes = Array(parameter.utf8)
            for name in NumericOperator.allCases {
                operators.append(("\(name) \(parameter)", { name.matches($0.span, parameter: bytes.span) }))
            }
        }
        for parameter in Self.ranges {
            let set = try #require(ByteRangeSet(parameter: parameter))
            operators.append(("validateByteRange \(parameter)", { set.firstOffence(in: $0.span) != nil }))
        }
        for parameter in Self.phrases {
            let set = try #require(PhraseSet(parameter: parameter.utf8))
            operators.append(("pm \(parameter)", { set.firstMatch(in: $0.span) != nil }))
        }
        for name in EncodingOperator.allCases {
            operators.append(("\(name)", { name.firstOffence(in: $0.span) != nil }))
        }
        let rules = operators.enumerated().map {
            #"SecRule ARGS "@\#($1.text)" "id:\#($0 + 1),phase:1,pass,log,t:none""#
        }
        guard let oracle = ModSecurityOracle(rules: (["SecRuleEngine On"] + rules).joined(separator: "\n")) else {
            print("skipped: no libmodsecurity.so.3 (1 test)")
            return
        }
        var random = Seeded(state: 5)
        for _ in 0..<400 {
            let value = Self.value(&random)
            let found = oracle.messages(for: value)
            for (index, entry) in operators.enumerated() {
                #expect(entry.matches(value) == (found[index + 1] != nil), "\(entry.text) on \(value)")
            }
        }
    }

    private static func value(_ random: inout Seeded) -> [UInt8] {
        switch random.below(4) {
        case 0: return (0..<random.below(9)).map { _ in Array("ab ".utf8)[random.below(3)] }
        case 1: return (0..<random.below(24)).map { _ in Array(" +-0599x".utf8)[random.below(8)] }
        default:
            // ModSecurity takes numbers from 110000 on for well-formed UTF-8, RFC 3629 does not.
            let value = random.value()
            return value.contains(0xF4) ? [] : value
        }
    }
}
