import GateWAF
import Glibc
import Testing

/// Every transformation against ModSecurity's own, on inputs made of what each of them looks for.
@Suite(.serialized) struct TransformationOracleTests {
    @Test func eachTransformationGivesWhatModSecurityGives() throws {
        let map = "/etc/nginx/unicode.mapping"
        var rules = "SecRuleEngine On\n"
        if unsafe access(map, R_OK) == 0 { rules += "SecUnicodeMapFile \(map) 20127\n" }
        for transformation in Transformation.allCases {
            rules += """
                SecRule ARGS "@unconditionalMatch" "id:\(transformation.rawValue + 1),phase:1,pass,log,\
                t:none,t:\(transformation.secLangName),t:hexEncode,msg:'%{MATCHED_VAR}'"

                """
        }
        guard let oracle = ModSecurityOracle(rules: rules) else {
            print("skipped: no libmodsecurity.so.3 (1 test)")
            return
        }
        var random = Seeded(state: 20_261_125)
        let rounds = getenvInt("PORTCULLIS_ORACLE_ROUNDS") ?? 500
        var output: [UInt8] = []
        var disagreements = 0
        for round in 0..<rounds {
            let input = round < 256 ? [UInt8(round)] : random.value()
            let answers = oracle.messages(for: input)
            try #require(answers.count >= Transformation.allCases.count, "\(answers.count) answers for \(input)")
            for transformation in Transformation.allCases {
                let changed = transformation.apply(to: input.span, into: &output)
                let ours = hex(changed ? output : input)
                let theirs = answers[Int(transformation.rawValue) + 1]
                if ByteTraits(of: input.span).isDisjoint(with: transformation.triggers) { #expect(!changed) }
                if changed { #expect(output != input, "\(transformation) reports a change of \(input)") }
                if ours != theirs {
                    disagreements += 1
                    if disagreements < 20 {
                        let text = String(decoding: input, as: UTF8.self).debugDescription
                        Issue.record("\(transformation) of \(text) \(hex(input)): \(ours), not \(theirs ?? "nothing")")
                    }
                }
            }
        }
        #expect(disagreements == 0)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func getenvInt(_ name: String) -> Int? {
        guard let text = unsafe getenv(name) else { return nil }
        return Int(unsafe String(cString: text))
    }
}

/// A reproducible source of inputs: fragments that transformations react to, cut, joined and disturbed.
struct Seeded {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    static let fragments: [String] = [
        "%u", "%U", "%", "%u00", "%uff0", "%uFF1c", "%u2018", "%u0331", "%41", "%4", "%zz", "+", "\\u", "\\u00",
        "\\uff",
        "\\x", "\\x4", "\\X41", "\\7", "\\477", "\\377", "\\0", "\\n", "\\a", "\\", "\\\\", "\\ff1c", "\\0ff41",
        "\\00ff41",
        "\\41 ", "\\4", "\\123", "&", "&#", "&#x", "&#X3c;", "&#60", "&#99999999999999999999;", "&#xffffffffffffffffff",
        "&lt;", "&LT", "&quot;", "&nbsp;", "&amp", "&amp;", "&foo;", ";", "/*", "*/", "<!--", "-->", "--", "-", "#",
        "*",
        "/", "//", "/./", "/../", "..", ".", "../", "\\..\\", "\\.", " ", "  ", "\t", "\r\n", "\n", "\u{0B}", "\u{0C}",
        ",",
        "\"", "'", "^", "(", " (", " /", "a", "B", "Zz", "f", "0", "9", "0x41", "0X4142", "0x", "0x4", "QUJD", "QQ==",
        "QUI=",
        "=", "==", "A", "é", "ﬀ", "😀", "\u{A0}", "'", "select", "UNION",
    ]

    /// Zero bytes and UTF-8 that is cut, overlong, a surrogate or beyond Unicode.
    static let sequences: [[UInt8]] = [
        [0], [0xC2], [0xE2, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xC0, 0xAF],
        [0xF0, 0x80, 0x80, 0xAF],
        [0xF0, 0x8D, 0xA0, 0x80], [0xF7, 0xBF, 0xBF, 0xBF],
    ]

    /// What one kind of transformation reads, drawn from byte by byte.
    static let alphabets: [String] = [
        "QUJDz09+/=\n\r ", "/.a", "/\\.a", "-/*<!>#a", "0xX4aG", "\\ux0f3cF ", "&#x3;ltqu", "%u0fF2",
    ]

    /// A value of up to some sixty bytes.
    mutating func value() -> [UInt8] {
        if below(4) == 0 {
            let letters = Array(Self.alphabets[below(Self.alphabets.count)].utf8)
            return (0..<below(20)).map { _ in letters[below(letters.count)] }
        }
        var bytes: [UInt8] = []
        for _ in 0..<(1 + below(9)) {
            switch below(8) {
            case 0: bytes.append(UInt8(truncatingIfNeeded: next()))
            case 1: bytes += Self.sequences[below(Self.sequences.count)]
            default: bytes += Array(Self.fragments[below(Self.fragments.count)].utf8)
            }
        }
        return bytes
    }
}
