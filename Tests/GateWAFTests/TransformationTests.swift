import GateWAF
import Testing

/// `input` after `transformation`, both as text with `\u{…}` for one byte each.
private func transformed(_ transformation: Transformation, _ input: [UInt8]) -> [UInt8] {
    var output: [UInt8] = [1, 2, 3]
    return transformation.apply(to: input.span, into: &output) ? output : input
}

/// The bytes of `text`, one for each of its scalars up to U+00FF.
private func latin(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

@Suite struct TransformationTests {
    struct Vector: CustomTestStringConvertible {
        let transformation: Transformation
        let input: String
        let output: String
        var testDescription: String { "\(transformation) of \(input.debugDescription)" }
    }

    private static let table: [(Transformation, String, String)] = [
        (.urlDecode, "a%20b+c%2", "a b c%2"), (.urlDecode, "%zz%%41%4", "%zz%A%4"), (.urlDecode, "%00%ff", "\0\u{FF}"),
        (.urlDecode, "%u0041", "%u0041"),
        (.urlDecodeUni, "%u0041%U0042", "AB"), (.urlDecodeUni, "%uff1cscript%uFF1E", "<script>"),
        (.urlDecodeUni, "%u2018%u201c%u2032%u2122", "'\"'T"), (.urlDecodeUni, "%u0331%u1234", "_4"),
        (.urlDecodeUni, "%u004%u00%u", "%u004%u00%u"), (.urlDecodeUni, "%41%4%+", "A%4% "),
        (.urlDecodeUni, "%uff00%uff5f", "\0_"), (.urlDecodeUni, "%u%41", "%uA"),
        (.urlEncode, "a b*%\0\u{E9}", "a+b*%25%00%e9"),
        (.htmlEntityDecode, "&lt;&GT&quot;&amp;&nbsp;", "<>\"&\u{A0}"), (.htmlEntityDecode, "&#60;&#x3E&#X27;", "<>'"),
        (.htmlEntityDecode, "&#99999999999999999999;", "\u{FF}"), (.htmlEntityDecode, "&#x13c;", "<"),
        (.htmlEntityDecode, "&#;&#x;&;&", "&#;&#x;&;&"), (.htmlEntityDecode, "&ltx;&lt", "&ltx;<"),
        (.htmlEntityDecode, "&#x", "&#x"), (.htmlEntityDecode, "&&#65", "&A"),
        (.jsDecode, "\\u003c\\x3c\\74\\n\\q\\", "<<<\nq\\"), (.jsDecode, "\\uff1c", "<"),
        (.jsDecode, "\\377\\477", "\u{FF}'7"),
        (.jsDecode, "\\u00\\x4", "u00x4"), (.jsDecode, "\\0", "\0"),
        (.cssDecode, "\\6a\\61 vascript", "javascript"), (.cssDecode, "\\ff1c\\00ff1c\\0ff1c", "<<<"),
        (.cssDecode, "\\12ff1c", "\u{1C}"), (.cssDecode, "a\\\nb\\q\\", "abq"), (.cssDecode, "a\0b", "a"),
        (.cssDecode, "a\\0 b", "a"), (.cssDecode, "\\a", "\n"),
        (.escapeSeqDecode, "\\a\\x41\\101\\\\\\?\\q\\", "\u{07}AA\\?q\\"), (.escapeSeqDecode, "\\x4\\777", "x4\u{FF}"),
        (.utf8toUnicode, "\u{C3}\u{A9}", "%u00e9"), (.utf8toUnicode, "\u{E2}\u{80}\u{98}a", "%u2018a"),
        (.utf8toUnicode, "\u{F0}\u{9F}\u{98}\u{80}", "%u1f600"), (.utf8toUnicode, "\u{C0}\u{AF}", "%u002f\u{C0}"),
        (.utf8toUnicode, "\u{ED}\u{A0}\u{80}", "%ud800\u{ED}"), (.utf8toUnicode, "\u{C3}a\0b\u{E2}\u{80}", "ab\u{80}"),
        (.utf8toUnicode, "\u{F7}\u{BF}\u{BF}\u{BF}", "\u{F7}%u1fffff"),
        (.utf8toUnicode, "\u{FF}\u{80}", "\u{FF}\u{80}"),
        (.base64Decode, "QUJD", "ABC"), (.base64Decode, "QUI=", "AB"), (.base64Decode, "QUI", ""),
        (.base64Decode, "QU JD", ""), (.base64Decode, "QUJD\r\nQUJD  ", "ABCABC"), (.base64Decode, "QQ==Q", ""),
        (.base64DecodeExt, "Q.U-J D", "ABC"), (.base64DecodeExt, "QUI", "AB"), (.base64DecodeExt, "QUJDQ=", ""),
        (.base64DecodeExt, "QUJDQ", "ABC"),
        (.base64Encode, "A", "QQ=="), (.base64Encode, "AB", "QUI="), (.base64Encode, "ABC", "QUJD"),
        (.hexEncode, "a\0\u{FF}", "6100ff"), (.hexDecode, "6100fF4", "a\0\u{FF}"), (.hexDecode, "4", ""),
        (.sqlHexDecode, "0x414243", "ABC"), (.sqlHexDecode, "0x4 ", "0x4"), (.sqlHexDecode, "a0X41z ", "aAz"),
        (.sqlHexDecode, "0x004142", ""),
        (.length, "", "0"), (.length, "abc\0", "4"),
        (.lowercase, "AbC\u{C9}[", "abc\u{C9}["), (.uppercase, "aBc\u{E9}{", "ABC\u{E9}{"),
        (.removeNulls, "\0a\0", "a"), (.replaceNulls, "\0a\0", " a "),
        (.cmdLine, "C^M\"D' ,;\t/c  (Dir", "cmd/c(dir"), (.cmdLine, "a  \\ b", "a b"),
        (.compressWhitespace, " a \t\n\u{0B}b", " a b"), (.removeWhitespace, " a\u{C2}\u{A0}\t", "a"),
        (.trim, " \t a b \r\n", "a b"), (.trimLeft, "  a ", "a "), (.trimRight, "  a ", "  a"), (.trim, "  ", ""),
        (.removeComments, "a/* b */c", "ac"), (.removeComments, "a<!-- b -->", "a\0"), (.removeComments, "a--b", "a"),
        (.removeComments, "a#b", "a"), (.removeComments, "a/*b", "a "), (.removeComments, "/*a*//*b", "/*b"),
        (.removeCommentsChar, "/*a*/<!--b-->--c#d<!-", "abcd<!-"), (.replaceComments, "a/*b*/c/*d", "a c "),
        (.replaceComments, "/*/", " "),
        (.normalisePath, "/a/./b/../c//d", "/a/c/d"), (.normalisePath, "/../../etc", "/etc"),
        (.normalisePath, "../a", "../a"), (.normalisePath, "./a/..", ""), (.normalisePath, "/a/..", ""),
        (.normalisePath, "/a/../", "/"),
        (.normalisePath, "a/../../b/", "../b/"), (.normalisePath, "\\a\\..", ""),
        (.normalisePathWin, "\\a\\..\\b", "/b"), (.normalisePathWin, "a\\\\\\b", "a\\b"),
        (.none, "a%41", "a%41"),
        (.sha1, "", "\u{DA}9\u{A3}\u{EE}^kK\r2U\u{BF}\u{EF}\u{95}`\u{18}\u{90}\u{AF}\u{D8}\u{07}\t"),
    ]

    static let vectors = table.map { Vector(transformation: $0.0, input: $0.1, output: $0.2) }

    @Test(arguments: vectors) func aVectorGivesItsOutput(_ vector: Vector) {
        #expect(transformed(vector.transformation, latin(vector.input)) == latin(vector.output))
    }

    @Test func everyTransformationHasAVectorThatChangesItsInput() {
        let covered = Set(Self.vectors.filter { $0.input != $0.output }.map(\.transformation))
        #expect(Set(Transformation.allCases).subtracting(covered) == [.none])
    }

    @Test func namesAreReadInAnyCaseAndBothSpellings() {
        #expect(Transformation(secLangName: "URLDECODEUNI") == .urlDecodeUni)
        #expect(Transformation(secLangName: "normalizePath") == .normalisePath)
        #expect(Transformation(secLangName: "normalizePathWin") == .normalisePathWin)
        #expect(Transformation(secLangName: "utf8ToUnicode") == .utf8toUnicode)
        for name in ["md5", "parityOdd7bit", "", "urlDecodeUnix", "url_decode"] {
            #expect(Transformation(secLangName: name) == nil, "\(name)")
        }
        for transformation in Transformation.allCases {
            #expect(Transformation(secLangName: transformation.secLangName) == transformation)
        }
    }

    @Test func aValueWithoutTriggersIsLeftAlone() {
        for byte in UInt8.min...UInt8.max {
            for input in [[byte], [0x61, byte], [0x61, byte, 0x61], [byte, byte, byte, byte]] as [[UInt8]] {
                let traits = ByteTraits(of: input.span)
                for transformation in Transformation.allCases where traits.isDisjoint(with: transformation.triggers) {
                    #expect(transformed(transformation, input) == input, "\(transformation) \(byte)")
                }
            }
        }
    }

    @Test func sha1OverBlockBoundariesIsThatOfTheStandard() {
        // RFC 3174 §7.3, and lengths at which the padding fills or overflows a block.
        #expect(hex(transformed(.sha1, latin("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex(transformed(.sha1, .init(repeating: 0x61, count: 55))) == "c1c8bbdc22796e28c0e15163d20899b65621d65a")
        #expect(
            hex(transformed(.sha1, .init(repeating: 0x61, count: 56))) == "c2db330f6083854c99d4b5bfb6e8f29f201be699")
        #expect(
            hex(transformed(.sha1, .init(repeating: 0x61, count: 64))) == "0098ba824b5c16427bd7a1122a5a442a25ec644d")
    }

    /// No input makes a byte dearer than ten times what it costs in a sixteenth of the length.
    @Test func timeIsLinearOnWhatEachTransformationDislikes() {
        let seeds = [
            "%", "%u", "%uff1c", "\\", "\\u", "\\ff1c ", "&", "&#", "&#9", "&a", "&lt", "/*", "*/", "<!-", "--", "#",
            " ",
            "../", "a/../", "./", "//", "\\..\\", "=", "A=", "0x4", "\0", "\u{C3}", "'",
        ]
        for seed in seeds {
            let unit = latin(seed)
            for transformation in Transformation.allCases {
                guard !ByteTraits(of: unit.span).isDisjoint(with: transformation.triggers) else { continue }
                let isLinear = isFlat { size in
                    let input = (0..<size).map { unit[$0 % unit.count] }
                    return {
                        var output: [UInt8] = []
                        _ = transformation.apply(to: input.span, into: &output)
                    }
                }
                #expect(isLinear, "\(transformation) on \(seed.debugDescription)")
            }
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
